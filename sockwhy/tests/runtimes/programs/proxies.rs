//! Proxies and load balancers.

use std::process::Command;

use super::{configured, folder_of};
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, PAIR, SERVER, State, change, state};

const HAPROXY: State = state(&["bind :::8080"], DUAL);
const TINYPROXY: State = state(&[], PAIR);
const SQUID: State = state(&["http_port 8080"], DUAL);
const SQUID_LOOPBACK: State = state(&["http_port 127.0.0.1:8080", "http_port [::1]:8080"], LOOPBACK);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "HAProxy",
        program: "haproxy",
        start: haproxy,
        usual: HAPROXY,
        others: &[state(&["bind :8080"], ANY4)],
        changes: &[
            change("bind {ipv4}:{port}", HAPROXY, state(&["bind 0.0.0.0:8080"], ANY4)),
            change("bind :::{port} v4v6", state(&["bind [::]:8080 v6only"], ANY6), state(&["bind :::8080 v4v6"], DUAL)),
            change("bind [{ipv6}]:{port} v6only", HAPROXY, state(&["bind [::]:8080 v6only"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "Squid",
        program: "squid",
        start: squid,
        usual: SQUID,
        changes: &[
            change("http_port {ipv4}:{port}", SQUID, state(&["http_port 0.0.0.0:8080"], ANY4)),
            change("http_port {ipv4}:{port}", SQUID_LOOPBACK, state(&["http_port 127.0.0.1:8080"], LOOPBACK4)),
            change("http_port {port}", state(&["http_port 0.0.0.0:8080"], ANY4), SQUID),
            change(
                "http_port {ipv4}:{port} and http_port [{ipv6}]:{port}",
                state(&["http_port [::1]:8080"], LOOPBACK6),
                SQUID_LOOPBACK,
            ),
            change("http_port [{ipv6}]:{port}", SQUID_LOOPBACK, state(&["http_port [::1]:8080"], LOOPBACK6)),
        ],
        ..SERVER
    },
    Case {
        name: "Tinyproxy",
        program: "tinyproxy",
        start: tinyproxy,
        usual: TINYPROXY,
        changes: &[
            change("Listen {ipv4}", TINYPROXY, state(&["Listen 0.0.0.0"], ANY4)),
            change("no Listen", state(&["Listen 0.0.0.0"], ANY4), TINYPROXY),
            change(
                "Listen {ipv4} and Listen {ipv6}",
                state(&["Listen ::1"], LOOPBACK6),
                state(&["Listen 127.0.0.1", "Listen ::1"], LOOPBACK),
            ),
            change("Listen {ipv6}", TINYPROXY, state(&["Listen ::"], ANY6)),
        ],
        ..SERVER
    },
];

fn haproxy(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
        frontend test
        LINES
        http-request return status 200
    ";
    configured(folder, "/usr/sbin/haproxy -db -f FOLDER/conf", CONFIGURATION, lines)
}

fn squid(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
LINES
cache deny all
access_log none
cache_log stdio:FOLDER/data/log
pid_filename none
coredump_dir FOLDER/data
netdb_filename none
visible_hostname localhost
shutdown_lifetime 0
";
    folder_of("proxy", folder, "data")?;
    configured(folder, "/usr/sbin/squid -N -f FOLDER/conf", CONFIGURATION, lines)
}

fn tinyproxy(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    configured(folder, "tinyproxy -d -c FOLDER/conf", "Port 8080\nTimeout 600\nMaxClients 10\nLINES\n", lines)
}
