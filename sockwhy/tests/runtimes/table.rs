//! Each runtime that is called proven: what it does as it comes, what the remedies make of it, and that what people try
//! in vain is in vain.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use libtest_mimic::Trial;
use sockwhy::runtime::Tier;

use crate::answer::explain;
use crate::outcome::{Outcome, Stop, trial};
use crate::server::{Folder, PORT, Ready, Server, Sysctl};
use crate::{host, puppet};

/// A runtime, and what is known of it.
struct Runtime {
    /// As sockwhy calls it.
    name: &'static str,
    /// The program that has to be installed.
    program: &'static str,
    ready: Ready,
    /// A command that starts it so.
    start: fn(&Folder, &[&str]) -> Outcome<Command>,
    /// A listener that is `AF_INET6`, as it comes or is usually made.
    usual: State,
    /// Other ways in which it comes.
    others: &'static [State],
    remedies: &'static [Change],
    useless: &'static [Change],
    /// Labels of the usual listener where `net.ipv6.bindv6only` is 1.
    bindv6only: &'static [&'static str],
    /// Labels of the usual listener where `net.ipv6.conf.all.disable_ipv6` is 1.
    disable_ipv6: &'static [&'static str],
    /// How it connects, and the label of its socket.
    connects: &'static [Connect],
}

/// A way to start it, and the labels of its listeners.
#[derive(Clone, Copy)]
struct State {
    arguments: &'static [&'static str],
    labels: &'static [&'static str],
}

/// Advice by its words, followed.
struct Change {
    advice: &'static str,
    before: State,
    after: State,
}

/// A connection to IPv4.
struct Connect {
    /// `PORT` stands for the port of the test's listener.
    arguments: &'static [&'static str],
    label: &'static str,
    /// The advice that leads from the first to this one.
    advice: Option<&'static str>,
}

const fn state(arguments: &'static [&'static str], labels: &'static [&'static str]) -> State {
    State { arguments, labels }
}

const DUAL: &[&str] = &["dual-stack"];
const IPV4: &[&str] = &["IPv4"];
const IPV6: &[&str] = &["IPv6-only"];
const PAIR: &[&str] = &["IPv4", "IPv6-only"];

const JAVA: State = state(&["listen", "any"], DUAL);
const PREFER: &str = "-Djava.net.preferIPv4Stack=true";

const RUNTIMES: &[Runtime] = &[
    Runtime {
        name: "Java",
        program: "java",
        ready: Ready::SaysSo,
        start: java,
        usual: JAVA,
        others: &[],
        remedies: &[Change { advice: PREFER, before: JAVA, after: state(&[PREFER, "listen", "any"], IPV4) }],
        useless: &[
            Change { advice: "0.0.0.0 as address", before: JAVA, after: state(&["listen", "0.0.0.0"], DUAL) },
            Change {
                advice: "preferIPv6Addresses=false",
                before: JAVA,
                after: state(&["-Djava.net.preferIPv6Addresses=false", "listen", "any"], DUAL),
            },
            Change { advice: "once the program runs", before: JAVA, after: state(&["late"], DUAL) },
        ],
        bindv6only: DUAL,
        // It looks for IPv6 addresses before it makes its first socket.
        disable_ipv6: IPV4,
        connects: &[
            Connect { arguments: &["connect", "127.0.0.1", "PORT"], label: "IPv4-over-AF_INET6", advice: None },
            Connect { arguments: &[PREFER, "connect", "127.0.0.1", "PORT"], label: "IPv4", advice: Some(PREFER) },
        ],
    },
    Runtime {
        name: "Go",
        program: "go",
        ready: Ready::SaysSo,
        start: go,
        usual: state(&["listen", "tcp", ":8080"], DUAL),
        others: &[],
        remedies: &[
            Change {
                advice: "the network tcp4",
                before: state(&["listen", "tcp", ":8080"], DUAL),
                after: state(&["listen", "tcp4", ":8080"], IPV4),
            },
            Change {
                advice: "the network tcp",
                before: state(&["listen", "tcp6", ":8080"], IPV6),
                after: state(&["listen", "tcp", ":8080"], DUAL),
            },
        ],
        useless: &[Change {
            advice: "0.0.0.0 as address",
            before: state(&["listen", "tcp", ":8080"], DUAL),
            after: state(&["listen", "tcp", "0.0.0.0:8080"], DUAL),
        }],
        bindv6only: DUAL,
        disable_ipv6: DUAL,
        connects: &[Connect { arguments: &["connect", "tcp", "127.0.0.1:PORT"], label: "IPv4", advice: None }],
    },
    Runtime {
        name: "Node.js",
        program: "node",
        ready: Ready::SaysSo,
        start: node,
        usual: state(&["listen", r#"{"port":8080}"#], DUAL),
        others: &[],
        remedies: &[
            Change {
                advice: "listen on 0.0.0.0",
                before: state(&["listen", r#"{"port":8080}"#], DUAL),
                after: state(&["listen", r#"{"port":8080,"host":"0.0.0.0"}"#], IPV4),
            },
            Change {
                advice: "without ipv6Only",
                before: state(&["listen", r#"{"port":8080,"host":"::","ipv6Only":true}"#], IPV6),
                after: state(&["listen", r#"{"port":8080}"#], DUAL),
            },
        ],
        useless: &[],
        bindv6only: DUAL,
        disable_ipv6: DUAL,
        connects: &[
            Connect { arguments: &["connect", "::ffff:127.0.0.1", "PORT"], label: "IPv4-over-AF_INET6", advice: None },
            Connect { arguments: &["connect", "127.0.0.1", "PORT"], label: "IPv4", advice: Some("as it is") },
        ],
    },
    Runtime {
        name: "Python",
        program: "python3",
        ready: Ready::SaysSo,
        start: python,
        usual: state(&["listen", "raw"], DUAL),
        others: &[
            state(&["listen", "create_server"], IPV4),
            state(&["listen", "asyncio"], PAIR),
            state(&["listen", "AF_INET6"], IPV6),
        ],
        remedies: &[
            Change {
                advice: "listen on 0.0.0.0",
                before: state(&["listen", "raw"], DUAL),
                after: state(&["listen", "on 0.0.0.0"], IPV4),
            },
            Change {
                advice: "listen for both",
                before: state(&["listen", "AF_INET6"], IPV6),
                after: state(&["listen", "dualstack_ipv6"], DUAL),
            },
        ],
        useless: &[],
        bindv6only: IPV6,
        disable_ipv6: DUAL,
        connects: &[
            Connect { arguments: &["connect", "::ffff:127.0.0.1", "PORT"], label: "IPv4-over-AF_INET6", advice: None },
            Connect { arguments: &["connect", "127.0.0.1", "PORT"], label: "IPv4", advice: Some("as it is") },
        ],
    },
    Runtime {
        name: "Rust",
        program: "sh",
        ready: Ready::SaysSo,
        start: |_, arguments| puppet::command(arguments),
        usual: state(&["listen", "[::]:8080"], DUAL),
        others: &[],
        remedies: &[
            Change {
                advice: "bind to 0.0.0.0",
                before: state(&["listen", "[::]:8080"], DUAL),
                after: state(&["listen", "0.0.0.0:8080"], IPV4),
            },
            Change {
                advice: "without IPV6_V6ONLY",
                before: state(&["listen-v6only", "[::]:8080", "1"], IPV6),
                after: state(&["listen-v6only", "[::]:8080", "0"], DUAL),
            },
        ],
        useless: &[],
        bindv6only: IPV6,
        disable_ipv6: DUAL,
        connects: &[
            Connect { arguments: &["connect", "[::ffff:127.0.0.1]:PORT"], label: "IPv4-over-AF_INET6", advice: None },
            Connect { arguments: &["connect", "127.0.0.1:PORT"], label: "IPv4", advice: Some("as it is") },
        ],
    },
    Runtime {
        name: "nginx",
        program: "nginx",
        ready: Ready::Answers,
        start: nginx,
        // Debian's default site has both lines.
        usual: state(&["listen 8080; listen [::]:8080;"], PAIR),
        others: &[state(&["listen 8080;"], IPV4)],
        remedies: &[
            Change {
                advice: "listen without the brackets",
                before: state(&["listen 8080; listen [::]:8080;"], PAIR),
                after: state(&["listen 8080;"], IPV4),
            },
            Change {
                advice: "listen without the brackets",
                before: state(&["listen [::]:8080 ipv6only=off;"], DUAL),
                after: state(&["listen 8080;"], IPV4),
            },
            Change {
                advice: "listen for both",
                before: state(&["listen [::]:8080;"], IPV6),
                after: state(&["listen 8080; listen [::]:8080;"], PAIR),
            },
            Change {
                advice: "listen for both",
                before: state(&["listen [::]:8080;"], IPV6),
                after: state(&["listen [::]:8080 ipv6only=off;"], DUAL),
            },
        ],
        useless: &[],
        bindv6only: PAIR,
        disable_ipv6: PAIR,
        connects: &[],
    },
    Runtime {
        name: "Apache",
        program: "apache2",
        ready: Ready::Answers,
        start: apache,
        usual: state(&["Listen 8080"], DUAL),
        others: &[state(&["Listen [::]:8080"], DUAL)],
        remedies: &[
            Change {
                advice: "Listen with an IPv4 address",
                before: state(&["Listen 8080"], DUAL),
                after: state(&["Listen 0.0.0.0:8080"], IPV4),
            },
            Change {
                advice: "Listen without an address",
                before: state(&["Listen 0.0.0.0:8080"], IPV4),
                after: state(&["Listen 8080"], DUAL),
            },
            Change {
                advice: "Listen on an address of each",
                before: state(&["Listen [::1]:8080"], IPV6),
                after: state(&["Listen 127.0.0.1:8080", "Listen [::1]:8080"], PAIR),
            },
            Change {
                advice: "Listen on the IPv4 address alone",
                before: state(&["Listen [::1]:8080"], IPV6),
                after: state(&["Listen 127.0.0.1:8080"], IPV4),
            },
        ],
        useless: &[Change {
            advice: "<VirtualHost",
            before: state(&["Listen 8080"], DUAL),
            after: state(&["Listen 8080\n<VirtualHost 0.0.0.0:8080>\n</VirtualHost>"], DUAL),
        }],
        bindv6only: DUAL,
        disable_ipv6: DUAL,
        connects: &[],
    },
    Runtime {
        name: "HAProxy",
        program: "haproxy",
        ready: Ready::Answers,
        start: haproxy,
        usual: state(&[":::8080"], DUAL),
        others: &[state(&[":::8080 v6only"], IPV6)],
        remedies: &[
            Change { advice: "bind to IPv4", before: state(&[":::8080"], DUAL), after: state(&["ipv4@*:8080"], IPV4) },
            Change { advice: "bind to IPv4", before: state(&[":::8080"], DUAL), after: state(&[":8080"], IPV4) },
            Change {
                advice: "bind for both",
                before: state(&[":::8080 v6only"], IPV6),
                after: state(&[":::8080 v4v6"], DUAL),
            },
        ],
        useless: &[],
        bindv6only: IPV6,
        disable_ipv6: DUAL,
        connects: &[],
    },
    Runtime {
        name: "Redis",
        program: "redis-server",
        ready: Ready::Answers,
        start: redis,
        usual: state(&[], PAIR),
        // Debian's redis.conf.
        others: &[state(&["--bind", "127.0.0.1", "-::1"], PAIR)],
        remedies: &[
            Change {
                advice: "bind to IPv4 addresses only",
                before: state(&[], PAIR),
                after: state(&["--bind", "0.0.0.0"], IPV4),
            },
            Change {
                advice: "bind to addresses of both",
                before: state(&["--bind", "::"], IPV6),
                after: state(&["--bind", "*", "-::*"], PAIR),
            },
        ],
        useless: &[],
        bindv6only: PAIR,
        disable_ipv6: PAIR,
        connects: &[],
    },
];

type Test = fn(&Runtime) -> Outcome;

/// The tests of a runtime, but for those for which the table has nothing.
fn tests(runtime: &Runtime) -> impl Iterator<Item = (&'static str, Test)> + use<> {
    let tests: [(bool, &str, Test); 6] = [
        (true, "as_it_comes", as_it_comes),
        (true, "remedies_help", remedies_help),
        (!runtime.useless.is_empty(), "useless_remedies_do_not", useless_remedies_do_not),
        (true, "bindv6only", bindv6only),
        (true, "disable_ipv6", disable_ipv6),
        (!runtime.connects.is_empty(), "connects", connects),
    ];
    tests.into_iter().filter(|(has_some, ..)| *has_some).map(|(_, name, test)| (name, test))
}

/// Tests of each runtime.
pub(crate) fn trials() -> Vec<Trial> {
    let of = |runtime: &'static Runtime| {
        tests(runtime).map(move |(name, test)| {
            trial(format!("{}::{name}", runtime.name), move || {
                host::require_program(runtime.program)?;
                test(runtime)
            })
        })
    };
    let proven = trial("table::what_is_proven_is_tested".to_owned(), what_is_proven_is_tested);
    RUNTIMES.iter().flat_map(of).chain([proven]).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it is a test like the others")]
fn what_is_proven_is_tested() -> Outcome {
    let known = sockwhy::runtime::RUNTIMES.iter().filter(|runtime| runtime.tier == Tier::Proven);
    let proven: BTreeSet<_> = known.map(|runtime| runtime.name).collect();
    let tested: BTreeSet<_> = RUNTIMES.iter().map(|runtime| runtime.name).collect();
    assert_eq!(proven, tested);
    Ok(())
}

impl Runtime {
    fn start(&self, folder: &Folder, arguments: &[&str]) -> Outcome<Server> {
        Server::start(&mut (self.start)(folder, arguments)?, self.ready)
    }

    /// Starts it, asserts that its listeners are as they should be, and gives the answer.
    fn look(&self, state: State) -> Outcome<crate::answer::Answer> {
        let folder = Folder::make()?;
        let _server = self.start(&folder, state.arguments)?;
        let answer = explain(format!(":{PORT}"))?;
        assert_eq!(answer.labels("LISTEN"), state.labels, "{:?}", state.arguments);
        assert_eq!(answer.runtime(), Some(self.name), "{}", answer.0);
        // Where no device has an IPv6 address, no client can come by IPv6, whatever the socket would take.
        let has_ipv6 = fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6")?.trim() == "0";
        let accepts = |version| {
            let labels = match version {
                4 => ["dual-stack", "IPv4"],
                _ => ["dual-stack", "IPv6-only"],
            };
            Some((version == 4 || has_ipv6) && state.labels.iter().any(|label| labels.contains(label)))
        };
        let expected = (accepts(4), accepts(6), accepts(4).map(|accepts| !accepts));
        assert_eq!(answer.verdict(), expected, "{}", answer.0["verdict"]);
        Ok(answer)
    }
}

fn as_it_comes(runtime: &Runtime) -> Outcome {
    for state in [&[runtime.usual], runtime.others].concat() {
        runtime.look(state)?;
    }
    Ok(())
}

#[track_caller]
fn assert_has(advice: &[&str], words: &str) {
    assert!(advice.iter().any(|advice| advice.contains(words)), "no {words:?} among {advice:?}");
}

fn remedies_help(runtime: &Runtime) -> Outcome {
    for Change { advice, before, after } in runtime.remedies {
        assert_has(&runtime.look(*before)?.remedies(), advice);
        runtime.look(*after)?;
    }
    Ok(())
}

fn useless_remedies_do_not(runtime: &Runtime) -> Outcome {
    for Change { advice, before, after } in runtime.useless {
        assert_eq!(before.labels, after.labels, "the table is wrong");
        assert_has(&runtime.look(*before)?.no_remedies(), advice);
        runtime.look(*after)?;
    }
    Ok(())
}

fn bindv6only(runtime: &Runtime) -> Outcome {
    assert_has(&runtime.look(runtime.usual)?.no_remedies(), "bindv6only");
    let _set = Sysctl::set("ipv6/bindv6only", "1")?;
    runtime.look(State { labels: runtime.bindv6only, ..runtime.usual })?;
    Ok(())
}

fn disable_ipv6(runtime: &Runtime) -> Outcome {
    let is_useless = runtime.disable_ipv6 == runtime.usual.labels;
    let before = runtime.look(runtime.usual)?;
    assert_eq!(before.no_remedies().iter().any(|advice| advice.contains("disable_ipv6")), is_useless);
    let _set = Sysctl::set("ipv6/conf/all/disable_ipv6", "1")?;
    runtime.look(State { labels: runtime.disable_ipv6, ..runtime.usual })?;
    Ok(())
}

fn connects(runtime: &Runtime) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port().to_string();
    let mut before: Option<Vec<String>> = None;
    for Connect { arguments, label, advice } in runtime.connects {
        let folder = Folder::make()?;
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("PORT", &port)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let server = runtime.start(&folder, &arguments)?;
        let answer = explain(server.pid())?;
        assert_eq!(answer.labels("ESTABLISHED"), [*label], "{arguments:?}");
        assert_eq!(answer.verdict(), (None, None, Some(false)));
        if let (Some(advice), Some(before)) = (advice, &before) {
            assert_has(&before.iter().map(String::as_str).collect::<Vec<_>>(), advice);
        }
        before = Some(answer.remedies().into_iter().map(str::to_owned).collect());
    }
    Ok(())
}

/// What the crate's folder of sources has.
fn source(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/runtimes/programs").join(name)
}

/// Where what is compiled stays from one run to the next.
fn compiled() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn compile(compiler: &mut Command) -> Outcome {
    let built = compiler.output()?;
    if built.status.success() { Ok(()) } else { Err(Stop::failed(String::from_utf8_lossy(&built.stderr))) }
}

/// Arguments that begin with `-` or `@` are the JVM's.
pub(crate) fn java(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    static COMPILED: Once = Once::new();
    let mut outcome = Ok(());
    COMPILED.call_once(|| {
        outcome = compile(Command::new("javac").arg("-d").arg(compiled()).arg(source("Sockets.java")));
    });
    outcome?;
    let options = arguments.iter().take_while(|argument| argument.starts_with(['-', '@'])).count();
    let mut command = Command::new("java");
    command.args(&arguments[..options]).arg("-cp").arg(compiled()).arg("Sockets").args(&arguments[options..]);
    Ok(command)
}

fn go(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let program = compiled().join("sockets-of-go");
    let mut compiler = Command::new("go");
    compiler.arg("build").arg("-o").arg(&program).arg(source("sockets.go"));
    compiler.env("GOCACHE", compiled().join("go")).env("GO111MODULE", "off").env("CGO_ENABLED", "0");
    compile(&mut compiler)?;
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

/// The arguments are lines of the server's configuration.
pub(crate) fn nginx(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    let at = folder.path().display();
    let configuration = folder.file(
        "nginx.conf",
        &format!(
            "daemon off; pid {at}/pid; error_log {at}/error.log; events {{}}\n\
             http {{ access_log off; server {{ {} location / {{ return 200; }} }} }}\n",
            lines.join("\n")
        ),
    )?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("error.log")).arg("-c").arg(configuration);
    Ok(command)
}

fn apache(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    let at = folder.path().display();
    let modules = "/usr/lib/apache2/modules";
    let configuration = folder.file(
        "apache2.conf",
        &format!(
            "ServerName localhost\nServerRoot {at}\nDocumentRoot {at}\nPidFile {at}/pid\nErrorLog {at}/error.log\n\
             LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
             LoadModule authz_core_module {modules}/mod_authz_core.so\n\
             User nobody\nGroup nogroup\nMutex posixsem\n{}\n",
            lines.join("\n")
        ),
    )?;
    let mut command = Command::new("/usr/sbin/apache2");
    command.arg("-D").arg("FOREGROUND").arg("-f").arg(configuration);
    Ok(command)
}

/// The argument is what follows `bind`.
fn haproxy(folder: &Folder, bind: &[&str]) -> Outcome<Command> {
    let configuration = folder.file(
        "haproxy.cfg",
        &format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
             frontend test\n bind {}\n http-request return status 200\n",
            bind.join(" ")
        ),
    )?;
    let mut command = Command::new("/usr/sbin/haproxy");
    command.arg("-db").arg("-f").arg(configuration);
    Ok(command)
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn redis(folder: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &PORT.to_string(), "--save", "", "--dir"]).arg(folder.path()).args(arguments);
    Ok(command)
}
