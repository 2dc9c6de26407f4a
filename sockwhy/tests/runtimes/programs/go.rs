//! Servers that are written in Go.

use std::process::Command;

use super::{command, configured};
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, ONE4, SERVER, State, change, state};

const NODE_EXPORTER: State = state(&["--web.listen-address=:8080"], DUAL);
const ETCD: State = state(&["--listen-client-urls=http://0.0.0.0:8080"], DUAL);
const ETCD_LOOPBACK: State = state(&["--listen-client-urls=http://127.0.0.1:8080,http://[::1]:8080"], LOOPBACK);
const CADDY: State = state(&[], DUAL);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "node_exporter",
        program: "prometheus-node-exporter",
        start: node_exporter,
        usual: NODE_EXPORTER,
        changes: &[
            change(
                "--web.listen-address=10.0.0.20:{port}",
                NODE_EXPORTER,
                state(&["--web.listen-address=10.99.0.1:8080"], ONE4),
            ),
            change(
                "--web.listen-address={ipv4}:{port}",
                state(&["--web.listen-address=[::1]:8080"], LOOPBACK6),
                state(&["--web.listen-address=127.0.0.1:8080"], LOOPBACK4),
            ),
            change("--web.listen-address=:{port}", state(&["--web.listen-address=:8080"], DUAL), NODE_EXPORTER),
            change(
                "--web.listen-address=0.0.0.0:{port}",
                NODE_EXPORTER,
                state(&["--web.listen-address=0.0.0.0:8080"], DUAL),
            ),
        ],
        ..SERVER
    },
    Case {
        name: "Caddy",
        program: "caddy",
        start: caddy,
        usual: CADDY,
        changes: &[
            change("bind tcp4/{ipv4}", CADDY, state(&["bind tcp4/0.0.0.0"], ANY4)),
            change(
                "bind tcp4/{ipv4}",
                state(&["bind tcp6/[::1]"], LOOPBACK6),
                state(&["bind tcp4/127.0.0.1"], LOOPBACK4),
            ),
            change(
                "bind tcp4/{ipv4} tcp6/[{ipv6}]",
                state(&["bind tcp6/[::1]"], LOOPBACK6),
                state(&["bind tcp4/127.0.0.1 tcp6/[::1]"], LOOPBACK),
            ),
            change("no bind", state(&["bind tcp4/0.0.0.0"], ANY4), CADDY),
            change("bind tcp6/[{ipv6}]", CADDY, state(&["bind tcp6/[::]"], ANY6)),
            change("bind 0.0.0.0", CADDY, state(&["bind 0.0.0.0"], DUAL)),
        ],
        ..SERVER
    },
    Case {
        name: "etcd",
        program: "etcd",
        start: etcd,
        usual: ETCD,
        changes: &[
            change(
                "--listen-client-urls=http://10.0.0.20:{port}",
                ETCD,
                state(&["--listen-client-urls=http://10.99.0.1:8080"], ONE4),
            ),
            change(
                "--listen-client-urls=http://{ipv4}:{port}",
                ETCD_LOOPBACK,
                state(&["--listen-client-urls=http://127.0.0.1:8080"], LOOPBACK4),
            ),
            change(
                "--listen-client-urls=http://{ipv4}:{port},http://[{ipv6}]:{port}",
                state(&["--listen-client-urls=http://[::1]:8080"], LOOPBACK6),
                ETCD_LOOPBACK,
            ),
            change(
                "--listen-client-urls=http://[{ipv6}]:{port}",
                ETCD_LOOPBACK,
                state(&["--listen-client-urls=http://[::1]:8080"], LOOPBACK6),
            ),
            change("--listen-client-urls=http://0.0.0.0:{port}", ETCD, ETCD),
        ],
        ..SERVER
    },
];

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn node_exporter(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    Ok(command(folder, "prometheus-node-exporter --collector.disable-defaults", options))
}

fn caddy(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "{\n admin off\n auto_https off\n}\nhttp://:8080 {\nLINES\nrespond ok\n}\n";
    let mut command = configured(folder, "caddy run --adapter caddyfile --config FOLDER/conf", CONFIGURATION, lines)?;
    command.env("HOME", folder.path()).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    Ok(command)
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn etcd(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    const LINE: &str = "etcd --data-dir=FOLDER/data --advertise-client-urls=http://127.0.0.1:8080 \
         --listen-peer-urls=http://127.0.0.1:2380";
    Ok(command(folder, LINE, options))
}
