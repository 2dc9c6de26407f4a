//! Languages.

use std::process::Command;

use super::{command, compiled, configured, run, source};
use crate::outcome::Outcome;
use crate::puppet;
use crate::server::{Folder, Ready};
use crate::table::{
    ANY4, ANY6, Case, Connect, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, ONE4, ONE6, PAIR, SERVER, State, change, state,
};

const NODE: State = state(&["listen", r#"{"port":8080}"#], DUAL);
const PYTHON: State = state(&["listen", "raw"], DUAL);
const GO: State = state(&["listen", "tcp", ":8080"], DUAL);
const PHP_FPM: State = state(&["listen = 8080"], DUAL);
const PHP: State = state(&["[::]:8080"], DUAL);
const PUMA: State = state(&["tcp://[::]:8080"], DUAL);
const PUMA_LOOPBACK: State = state(&["tcp://127.0.0.1:8080", "tcp://[::1]:8080"], LOOPBACK);
const RUBY: State = state(&[], PAIR);
const RUST: State = state(&["listen", "[::]:8080"], DUAL);

/// To a mapped address, and to the address as it is.
const MAPPED_AND_PLAIN: &[Connect] = &[
    Connect { arguments: &["connect", "::ffff:127.0.0.1", "PORT"], label: "IPv4-over-AF_INET6", what: None },
    Connect {
        arguments: &["connect", "127.0.0.1", "PORT"],
        label: "IPv4",
        what: Some("connect to the address as it is"),
    },
];

pub(super) static CASES: &[Case] = &[
    Case {
        name: "Node.js",
        program: "node",
        ready: Ready::SaysSo,
        start: node,
        usual: NODE,
        others: &[],
        changes: &[
            change("listen on {ipv4}", NODE, state(&["listen", r#"{"port":8080,"host":"0.0.0.0"}"#], ANY4)),
            change(
                "listen without ipv6Only",
                state(&["listen", r#"{"port":8080,"host":"::","ipv6Only":true}"#], ANY6),
                NODE,
            ),
            change(
                "listen with ipv6Only",
                NODE,
                state(&["listen", r#"{"port":8080,"host":"::","ipv6Only":true}"#], ANY6),
            ),
        ],
        connects: MAPPED_AND_PLAIN,
    },
    Case {
        name: "Python",
        program: "python3",
        ready: Ready::SaysSo,
        start: python,
        usual: PYTHON,
        others: &[state(&["listen", "create_server"], ANY4), state(&["listen", "asyncio"], PAIR)],
        changes: &[
            change("listen on {ipv4}", PYTHON, state(&["listen", "on 0.0.0.0"], ANY4)),
            change("listen on {ipv6}", PYTHON, state(&["listen", "AF_INET6"], ANY6)),
            change("listen for both", state(&["listen", "AF_INET6"], ANY6), state(&["listen", "dualstack_ipv6"], DUAL)),
        ],
        connects: MAPPED_AND_PLAIN,
    },
    Case {
        name: "Go",
        program: "go",
        ready: Ready::SaysSo,
        start: go,
        usual: GO,
        others: &[],
        changes: &[
            change("an IPv4 address that is not 0.0.0.0", GO, state(&["listen", "tcp", "10.99.0.1:8080"], ONE4)),
            change(
                "{ipv4}:{port}",
                state(&["listen", "tcp", "[fd00:99::1]:8080"], ONE6),
                state(&["listen", "tcp", "10.99.0.1:8080"], ONE4),
            ),
            change("the network tcp4", GO, state(&["listen", "tcp4", ":8080"], ANY4)),
            change("the network tcp", state(&["listen", "tcp6", ":8080"], ANY6), GO),
            change("the network tcp6", GO, state(&["listen", "tcp6", ":8080"], ANY6)),
            change("0.0.0.0 as address", GO, state(&["listen", "tcp", "0.0.0.0:8080"], DUAL)),
        ],
        connects: &[Connect { arguments: &["connect", "tcp", "[::ffff:127.0.0.1]:PORT"], label: "IPv4", what: None }],
    },
    Case {
        name: "Rust",
        program: "sh",
        ready: Ready::SaysSo,
        start: |_, arguments| puppet::command(arguments),
        usual: RUST,
        others: &[],
        changes: &[
            change("bind to {ipv4}", RUST, state(&["listen", "0.0.0.0:8080"], ANY4)),
            change("bind to {ipv6} with IPV6_V6ONLY", RUST, state(&["listen-v6only", "[::]:8080", "1"], ANY6)),
            change(
                "bind to :: without IPV6_V6ONLY",
                state(&["listen-v6only", "[::]:8080", "1"], ANY6),
                state(&["listen-v6only", "[::]:8080", "0"], DUAL),
            ),
        ],
        connects: &[
            Connect { arguments: &["connect", "[::ffff:127.0.0.1]:PORT"], label: "IPv4-over-AF_INET6", what: None },
            Connect {
                arguments: &["connect", "127.0.0.1:PORT"],
                label: "IPv4",
                what: Some("connect to the address as it is"),
            },
        ],
    },
    Case {
        name: "php-fpm",
        program: "php-fpm8.2",
        start: php_fpm,
        ready: Ready::Listens,
        usual: PHP_FPM,
        changes: &[
            change("listen = {ipv4}:{port}", PHP_FPM, state(&["listen = 0.0.0.0:8080"], ANY4)),
            change(
                "listen = {ipv4}:{port}",
                state(&["listen = [::1]:8080"], LOOPBACK6),
                state(&["listen = 127.0.0.1:8080"], LOOPBACK4),
            ),
            change("listen = {port}", state(&["listen = 0.0.0.0:8080"], ANY4), PHP_FPM),
            change(
                "listen = [{ipv6}]:{port}",
                state(&["listen = 127.0.0.1:8080"], LOOPBACK4),
                state(&["listen = [::1]:8080"], LOOPBACK6),
            ),
        ],
        ..SERVER
    },
    Case {
        name: "PHP",
        program: "php",
        start: |folder, address| Ok(command(folder, "php -t FOLDER -S", address)),
        usual: PHP,
        others: &[state(&["localhost:8080"], LOOPBACK4)],
        changes: &[
            change("php -S {ipv4}:{port}", PHP, state(&["0.0.0.0:8080"], ANY4)),
            change("php -S {ipv4}:{port}", state(&["[::1]:8080"], LOOPBACK6), state(&["127.0.0.1:8080"], LOOPBACK4)),
            change("php -S [::]:{port}", state(&["0.0.0.0:8080"], ANY4), PHP),
            change("php -S [{ipv6}]:{port}", state(&["127.0.0.1:8080"], LOOPBACK4), state(&["[::1]:8080"], LOOPBACK6)),
        ],
        ..SERVER
    },
    Case {
        name: "Puma",
        program: "puma",
        start: puma,
        usual: PUMA,
        changes: &[
            change("tcp://{ipv4}:{port}", PUMA, state(&["tcp://0.0.0.0:8080"], ANY4)),
            change("tcp://{ipv4}:{port}", PUMA_LOOPBACK, state(&["tcp://127.0.0.1:8080"], LOOPBACK4)),
            change(
                "tcp://{ipv4}:{port} and tcp://[{ipv6}]:{port}",
                state(&["tcp://[::1]:8080"], LOOPBACK6),
                PUMA_LOOPBACK,
            ),
            change("tcp://[::]:{port}", state(&["tcp://0.0.0.0:8080"], ANY4), PUMA),
            change("tcp://[{ipv6}]:{port}", PUMA_LOOPBACK, state(&["tcp://[::1]:8080"], LOOPBACK6)),
        ],
        ..SERVER
    },
    Case {
        name: "Ruby",
        program: "ruby",
        start: |folder, options| Ok(command(folder, "ruby -run -e httpd -- FOLDER --port=8080", options)),
        usual: RUBY,
        changes: &[
            change("listen on {ipv4}", RUBY, state(&["--bind-address=0.0.0.0"], ANY4)),
            change("listen on {ipv6}", RUBY, state(&["--bind-address=::"], ANY6)),
            change("listen without an address", state(&["--bind-address=0.0.0.0"], ANY4), RUBY),
        ],
        ..SERVER
    },
];

fn go(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let program = compiled().join("sockets-of-go");
    let mut compiler = Command::new("go");
    compiler.arg("build").arg("-o").arg(&program).arg(source("sockets.go"));
    compiler.env("GOCACHE", compiled().join("go")).env("GO111MODULE", "off").env("CGO_ENABLED", "0");
    run(&mut compiler)?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn node(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let mut command = Command::new("node");
    command.arg(source("sockets.js")).args(arguments);
    Ok(command)
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn python(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let mut command = Command::new("python3");
    command.arg(source("sockets.py")).args(arguments);
    Ok(command)
}

fn php_fpm(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "[global]\nerror_log = FOLDER/log\n[www]\nuser = nobody\ngroup = nogroup\npm = static\npm.max_children = 1\nLINES\n";
    configured(folder, "php-fpm8.2 -F -y FOLDER/conf", CONFIGURATION, lines)
}

fn puma(folder: &Folder, addresses: &[&str]) -> Outcome<Command> {
    folder.file("config.ru", "run ->(environment) { [200, {}, []] }\n")?;
    let options: Vec<_> = addresses.iter().map(|address| format!("-b {address}")).collect();
    Ok(command(folder, &format!("puma --dir FOLDER {} FOLDER/config.ru", options.join(" ")), &[]))
}
