//! Logins from afar.

use std::process::Command;

use super::{configured, run};
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, NONE, PAIR, SERVER, State, change, state};

const SSHD: State = state(&[], PAIR);
const SSHD_LOOPBACK: State = state(&["ListenAddress 127.0.0.1", "ListenAddress ::1"], LOOPBACK);

const XINETD: State = state(&[], DUAL);
const INETD: State = state(&["tcp4", "tcp6"], PAIR);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "sshd",
        program: "sshd",
        start: sshd,
        usual: SSHD,
        changes: &[
            change("AddressFamily inet", SSHD, state(&["AddressFamily inet"], ANY4)),
            change("ListenAddress {ipv4}", SSHD_LOOPBACK, state(&["ListenAddress 127.0.0.1"], LOOPBACK4)),
            change("AddressFamily any", state(&["AddressFamily inet6"], ANY6), state(&["AddressFamily any"], PAIR)),
            change(
                "ListenAddress {ipv4} and ListenAddress {ipv6}",
                state(&["ListenAddress ::1"], LOOPBACK6),
                SSHD_LOOPBACK,
            ),
            change("AddressFamily inet6", SSHD, state(&["AddressFamily inet6"], ANY6)),
            change("ListenAddress {ipv6}", SSHD_LOOPBACK, state(&["ListenAddress ::1"], LOOPBACK6)),
            change(
                "AddressFamily inet beside a ListenAddress of IPv6",
                SSHD_LOOPBACK,
                state(&["AddressFamily inet", "ListenAddress 127.0.0.1", "ListenAddress ::1"], NONE),
            ),
        ],
        ..SERVER
    },
    Case {
        name: "xinetd",
        program: "xinetd",
        start: xinetd,
        usual: XINETD,
        changes: &[
            change("flags = IPv4", XINETD, state(&["flags = IPv4"], ANY4)),
            change("bind = {ipv4}", state(&["bind = ::1"], LOOPBACK6), state(&["bind = 127.0.0.1"], LOOPBACK4)),
            change("flags = IPv6", state(&["flags = IPv4"], ANY4), state(&["flags = IPv6"], DUAL)),
            change("bind = {ipv6}", state(&["bind = 127.0.0.1"], LOOPBACK4), state(&["bind = ::1"], LOOPBACK6)),
        ],
        ..SERVER
    },
    Case {
        name: "inetd",
        program: "inetd",
        start: inetd,
        usual: INETD,
        changes: &[
            change("tcp4", INETD, state(&["tcp4"], ANY4)),
            change("a line with tcp4 and a line with tcp6", state(&["tcp6"], ANY6), INETD),
            change("tcp6", INETD, state(&["tcp6"], ANY6)),
        ],
        ..SERVER
    },
];

fn sshd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "Port 8080\nHostKey FOLDER/key\nPidFile none\nLINES\n";
    // Where it locks the part of itself in that talks to strangers.
    std::fs::create_dir_all("/run/sshd")?;
    let key = folder.path().join("key");
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key))?;
    configured(folder, "/usr/sbin/sshd -D -e -f FOLDER/conf", CONFIGURATION, lines)
}

fn xinetd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
service test
{
    type = UNLISTED
    port = 8080
    socket_type = stream
    protocol = tcp
    wait = no
    user = root
    server = /bin/cat
    LINES
}
";
    configured(folder, "xinetd -dontfork -f FOLDER/conf", CONFIGURATION, lines)
}

/// The arguments are protocols.
fn inetd(folder: &Folder, protocols: &[&str]) -> Outcome<Command> {
    let line = |protocol: &&str| format!("8080 stream {protocol} nowait root /bin/cat cat");
    let lines: Vec<_> = protocols.iter().map(line).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    configured(folder, "inetd -i FOLDER/conf", "LINES\n", &lines)
}
