//! Name servers.

use std::process::Command;

use super::configured;
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{
    ANY4, ANY6, Case, LOOPBACK, LOOPBACK4, LOOPBACK6, ONE, ONE4, ONE6, PAIR, SERVER, State, change, state,
};

const EACH: &[&str] = &["10.99.0.1", "127.0.0.1", "[::1]", "[fd00:99::1]"];
const EACH4: &[&str] = &["10.99.0.1", "127.0.0.1"];
const EACH6: &[&str] = &["[::1]", "[fd00:99::1]"];

/// It makes a socket for each address of each interface.
const BIND: State = state(&[], EACH);
const BIND_LOOPBACK6: State = state(&["listen-on { none; };", "listen-on-v6 { ::1; };"], LOOPBACK6);
const UNBOUND: State = state(&["interface: 0.0.0.0", "interface: ::"], PAIR);
/// As it comes.
const UNBOUND_LOOPBACK: State = state(&[], LOOPBACK);
const DNSMASQ: State = state(&[], PAIR);
const DNSMASQ_FOR_EACH: State = state(&["bind-interfaces"], EACH);
const NSD: State = state(&[], PAIR);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "BIND",
        program: "named",
        start: bind,
        usual: BIND,
        changes: &[
            change("listen-on-v6 { none; };", BIND, state(&["listen-on-v6 { none; };"], EACH4)),
            change(
                "listen-on { {ipv4}; }; and listen-on-v6 { {ipv6}; };",
                BIND_LOOPBACK6,
                state(&["listen-on { 127.0.0.1; };", "listen-on-v6 { ::1; };"], LOOPBACK),
            ),
            change("listen-on { none; };", BIND, state(&["listen-on { none; };"], EACH6)),
            change("listen-on { 0.0.0.0; };", BIND, state(&["listen-on { 0.0.0.0; };"], EACH6)),
        ],
        ..SERVER
    },
    Case {
        name: "Unbound",
        program: "unbound",
        start: unbound,
        usual: UNBOUND,
        changes: &[
            change("interface: {ipv4}", UNBOUND, state(&["interface: 0.0.0.0"], ANY4)),
            change("interface: {ipv4}", UNBOUND_LOOPBACK, state(&["interface: 127.0.0.1"], LOOPBACK4)),
            change("interface: {ipv4} and interface: {ipv6}", state(&["interface: ::"], ANY6), UNBOUND),
            change("interface: {ipv6}", UNBOUND, state(&["interface: ::"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "dnsmasq",
        program: "dnsmasq",
        start: dnsmasq,
        usual: DNSMASQ,
        others: &[DNSMASQ_FOR_EACH],
        changes: &[
            change(
                "bind-interfaces and listen-address={ipv4}",
                DNSMASQ,
                state(&["bind-interfaces", "listen-address=0.0.0.0"], ANY4),
            ),
            change(
                "bind-interfaces and listen-address={ipv4}",
                state(&["bind-interfaces", "listen-address=10.99.0.1,fd00:99::1"], ONE),
                state(&["bind-interfaces", "listen-address=10.99.0.1"], ONE4),
            ),
            change(
                "bind-interfaces and listen-address={ipv4},{ipv6}",
                state(&["bind-interfaces", "listen-address=::"], ANY6),
                state(&["bind-interfaces", "listen-address=0.0.0.0,::"], PAIR),
            ),
            change(
                "bind-interfaces and listen-address={ipv6}",
                state(&["bind-interfaces", "listen-address=10.99.0.1,fd00:99::1"], ONE),
                state(&["bind-interfaces", "listen-address=fd00:99::1"], ONE6),
            ),
            change("listen-address={ipv4} without bind-interfaces", DNSMASQ, state(&["listen-address=0.0.0.0"], PAIR)),
        ],
        ..SERVER
    },
    Case {
        name: "NSD",
        program: "nsd",
        start: nsd,
        usual: NSD,
        changes: &[
            change("ip-address: {ipv4}", NSD, state(&["ip-address: 0.0.0.0"], ANY4)),
            change(
                "ip-address: {ipv4} and ip-address: {ipv6}",
                state(&["ip-address: ::1"], LOOPBACK6),
                state(&["ip-address: 127.0.0.1", "ip-address: ::1"], LOOPBACK),
            ),
            change("ip-address: {ipv6}", NSD, state(&["ip-address: ::"], ANY6)),
        ],
        ..SERVER
    },
];

fn bind(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        options {
          port 8080; directory \"FOLDER\"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
          LINES
        };
        controls {};
    ";
    configured(folder, "named -f -c FOLDER/conf", CONFIGURATION, lines)
}

fn unbound(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        remote-control:
          control-enable: no
        server:
          port: 8080
          username: \"\"
          chroot: \"\"
          directory: FOLDER
          pidfile: \"\"
          use-syslog: no
          LINES
    ";
    configured(folder, "unbound -d -c FOLDER/conf", CONFIGURATION, lines)
}

fn dnsmasq(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "port=8080\nuser=root\nno-resolv\npid-file=\nlog-facility=-\nLINES\n";
    configured(folder, "dnsmasq -k -C FOLDER/conf", CONFIGURATION, lines)
}

fn nsd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        server:
          port: 8080
          username: \"\"
          database: \"\"
          zonesdir: FOLDER
          xfrdfile: FOLDER/xfrd
          xfrdir: FOLDER
          zonelistfile: FOLDER/zones
          pidfile: FOLDER/pid
          LINES
        remote-control:
          control-enable: no
    ";
    configured(folder, "nsd -d -c FOLDER/conf", CONFIGURATION, lines)
}
