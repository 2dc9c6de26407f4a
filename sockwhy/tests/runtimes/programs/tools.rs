//! Tools that listen when they are told to on the command line.

use std::process::Command;

use super::command;
use crate::outcome::Outcome;
use crate::server::{Folder, Ready};
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK4, LOOPBACK6, PAIR, SERVER, State, change, state};

const IPERF3: State = state(&[], DUAL);
const SOCAT: State = state(&["TCP6-LISTEN:8080"], DUAL);
const SOCAT_LOOPBACK6: State = state(&["TCP6-LISTEN:8080,bind=[::1]"], LOOPBACK6);
const NCAT: State = state(&["8080"], PAIR);
const NETCAT: State = state(&["-6", "8080"], DUAL);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "iperf3",
        program: "iperf3",
        ready: Ready::Listens,
        start: |folder, options| Ok(command(folder, &format!("iperf3 -s -p 8080 {}", options.join(" ")), &[])),
        usual: IPERF3,
        changes: &[
            change("-4", IPERF3, state(&["-4"], ANY4)),
            change("-B {ipv4}", state(&["-B ::1"], LOOPBACK6), state(&["-B 127.0.0.1"], LOOPBACK4)),
            change("neither -4 nor -6", state(&["-4"], ANY4), IPERF3),
            change("-6", IPERF3, state(&["-6"], ANY6)),
            change("-B {ipv6}", state(&["-B 127.0.0.1"], LOOPBACK4), state(&["-B ::1"], LOOPBACK6)),
        ],
        ..SERVER
    },
    Case {
        name: "socat",
        program: "socat",
        ready: Ready::Listens,
        start: socat,
        usual: SOCAT,
        changes: &[
            change("TCP4-LISTEN:{port}", SOCAT, state(&["TCP4-LISTEN:8080"], ANY4)),
            change(
                "TCP4-LISTEN:{port},bind={ipv4}",
                SOCAT_LOOPBACK6,
                state(&["TCP4-LISTEN:8080,bind=127.0.0.1"], LOOPBACK4),
            ),
            change(
                "TCP6-LISTEN:{port},ipv6-v6only=0",
                state(&["TCP6-LISTEN:8080,ipv6-v6only=1"], ANY6),
                state(&["TCP6-LISTEN:8080,ipv6-v6only=0"], DUAL),
            ),
            change("TCP6-LISTEN:{port},ipv6-v6only=1", SOCAT, state(&["TCP6-LISTEN:8080,ipv6-v6only=1"], ANY6)),
            change(
                "TCP6-LISTEN:{port},bind=[{ipv6}]",
                state(&["TCP4-LISTEN:8080,bind=127.0.0.1"], LOOPBACK4),
                SOCAT_LOOPBACK6,
            ),
        ],
        ..SERVER
    },
    Case {
        name: "Ncat",
        program: "ncat",
        ready: Ready::Listens,
        start: |folder, options| Ok(command(folder, &format!("ncat -lk {}", options.join(" ")), &[])),
        usual: NCAT,
        changes: &[
            change("-4", NCAT, state(&["-4", "8080"], ANY4)),
            change(
                "{ipv4} as listen address",
                state(&["::1", "8080"], LOOPBACK6),
                state(&["127.0.0.1", "8080"], LOOPBACK4),
            ),
            change("neither -4 nor -6", state(&["-6", "8080"], ANY6), NCAT),
            change("-6", NCAT, state(&["-6", "8080"], ANY6)),
            change(
                "{ipv6} as listen address",
                state(&["127.0.0.1", "8080"], LOOPBACK4),
                state(&["::1", "8080"], LOOPBACK6),
            ),
        ],
        ..SERVER
    },
    Case {
        name: "OpenBSD netcat",
        program: "nc.openbsd",
        ready: Ready::Listens,
        start: |folder, options| Ok(command(folder, &format!("nc.openbsd -lk {}", options.join(" ")), &[])),
        usual: NETCAT,
        others: &[state(&["8080"], ANY4)],
        changes: &[
            change("-4", NETCAT, state(&["-4", "8080"], ANY4)),
            change(
                "{ipv4} as listen address",
                state(&["::1", "8080"], LOOPBACK6),
                state(&["127.0.0.1", "8080"], LOOPBACK4),
            ),
            change("-6", state(&["-4", "8080"], ANY4), NETCAT),
            change(
                "{ipv6} as listen address",
                state(&["127.0.0.1", "8080"], LOOPBACK4),
                state(&["::1", "8080"], LOOPBACK6),
            ),
        ],
        ..SERVER
    },
];

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn socat(folder: &Folder, address: &[&str]) -> Outcome<Command> {
    Ok(command(folder, &format!("socat {},fork,reuseaddr PIPE", address.join(",")), &[]))
}
