//! File and print servers.

use std::process::Command;

use super::configured;
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, NONE, PAIR, SERVER, State, change, state};

const VSFTPD: State = state(&["listen=NO", "listen_ipv6=YES"], DUAL);
const VSFTPD4: State = state(&["listen=YES", "listen_ipv6=NO"], ANY4);
const VSFTPD_LOOPBACK4: State = state(&["listen=YES", "listen_ipv6=NO", "listen_address=127.0.0.1"], LOOPBACK4);
const VSFTPD_LOOPBACK6: State = state(&["listen=NO", "listen_ipv6=YES", "listen_address6=::1"], LOOPBACK6);
const RSYNC: State = state(&[], PAIR);
const CUPS: State = state(&["Port 8080"], PAIR);
const CUPS_LOOPBACK: State = state(&["Listen 127.0.0.1:8080", "Listen [::1]:8080"], LOOPBACK);
const PROFTPD: State = state(&[], DUAL);
const PROFTPD_LOOPBACK: State = state(&["DefaultAddress 127.0.0.1 ::1", "SocketBindTight on"], LOOPBACK);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "vsftpd",
        program: "vsftpd",
        start: vsftpd,
        usual: VSFTPD,
        changes: &[
            change("listen=YES and listen_ipv6=NO", VSFTPD, VSFTPD4),
            change("listen=YES and listen_ipv6=NO and listen_address={ipv4}", VSFTPD_LOOPBACK6, VSFTPD_LOOPBACK4),
            change("listen=NO and listen_ipv6=YES", VSFTPD4, VSFTPD),
            change("listen=NO and listen_ipv6=YES and listen_address6={ipv6}", VSFTPD_LOOPBACK4, VSFTPD_LOOPBACK6),
            change(
                "listen_address={ipv4} beside listen_ipv6=YES",
                VSFTPD,
                state(&["listen=NO", "listen_ipv6=YES", "listen_address=0.0.0.0"], DUAL),
            ),
            change("listen=YES beside listen_ipv6=YES", VSFTPD, state(&["listen=YES", "listen_ipv6=YES"], NONE)),
        ],
        ..SERVER
    },
    Case {
        name: "ProFTPD",
        program: "proftpd",
        start: proftpd,
        usual: PROFTPD,
        changes: &[
            change("UseIPv6 off", PROFTPD, state(&["UseIPv6 off"], ANY4)),
            change(
                "DefaultAddress {ipv4} and SocketBindTight on",
                PROFTPD_LOOPBACK,
                state(&["DefaultAddress 127.0.0.1", "SocketBindTight on"], LOOPBACK4),
            ),
            change("UseIPv6 on", state(&["UseIPv6 off"], ANY4), state(&["UseIPv6 on"], DUAL)),
            change(
                "DefaultAddress {ipv4} {ipv6} and SocketBindTight on",
                state(&["DefaultAddress ::1", "SocketBindTight on"], LOOPBACK6),
                PROFTPD_LOOPBACK,
            ),
            change(
                "DefaultAddress {ipv6} and SocketBindTight on",
                PROFTPD_LOOPBACK,
                state(&["DefaultAddress ::1", "SocketBindTight on"], LOOPBACK6),
            ),
            change("DefaultAddress 0.0.0.0", PROFTPD, state(&["DefaultAddress 0.0.0.0"], DUAL)),
        ],
        ..SERVER
    },
    Case {
        name: "rsync",
        program: "rsync",
        start: rsync,
        usual: RSYNC,
        changes: &[
            change("--ipv4", RSYNC, state(&["--ipv4"], ANY4)),
            change(
                "address = {ipv4}",
                state(&["address = ::1"], LOOPBACK6),
                state(&["address = 127.0.0.1"], LOOPBACK4),
            ),
            change("neither --ipv4 nor --ipv6", state(&["--ipv6"], ANY6), RSYNC),
            change("--ipv6", RSYNC, state(&["--ipv6"], ANY6)),
            change(
                "address = {ipv6}",
                state(&["address = 127.0.0.1"], LOOPBACK4),
                state(&["address = ::1"], LOOPBACK6),
            ),
        ],
        ..SERVER
    },
    Case {
        name: "CUPS",
        program: "cupsd",
        start: cups,
        usual: CUPS,
        // Debian's cupsd.conf has `localhost`.
        others: &[CUPS_LOOPBACK],
        changes: &[
            change("Listen {ipv4}:{port}", CUPS, state(&["Listen 0.0.0.0:8080"], ANY4)),
            change("Listen {ipv4}:{port}", CUPS_LOOPBACK, state(&["Listen 127.0.0.1:8080"], LOOPBACK4)),
            change("Port {port}", state(&["Listen 0.0.0.0:8080"], ANY4), CUPS),
            change(
                "Listen {ipv4}:{port} and Listen [{ipv6}]:{port}",
                state(&["Listen [::1]:8080"], LOOPBACK6),
                CUPS_LOOPBACK,
            ),
            change("Listen [{ipv6}]:{port}", CUPS, state(&["Listen [::]:8080"], ANY6)),
        ],
        ..SERVER
    },
];

fn vsftpd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "listen_port=8080\nbackground=NO\nanonymous_enable=YES\nnopriv_user=nobody\n\
        ftp_username=nobody\nanon_root=FOLDER\nsecure_chroot_dir=FOLDER\nLINES\n";
    configured(folder, "vsftpd FOLDER/conf", CONFIGURATION, lines)
}

fn proftpd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        ServerName localhost
        ServerType standalone
        User nobody
        Group nogroup
        Port 8080
        PidFile FOLDER/pid
        ScoreboardFile FOLDER/scoreboard
        UseReverseDNS off
        DefaultServer on
        LINES
    ";
    configured(folder, "proftpd -n -q -c FOLDER/conf", CONFIGURATION, lines)
}

/// Options for the command line, and lines for its configuration.
fn rsync(folder: &Folder, arguments: &[&str]) -> Outcome<Command> {
    let (options, lines): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let command = format!("rsync --daemon --no-detach --port=8080 --config=FOLDER/conf {}", options.join(" "));
    configured(folder, &command, "pid file = FOLDER/pid\nLINES\n", &lines)
}

fn cups(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const FILES: &str = "
        ServerRoot FOLDER
        RequestRoot FOLDER/spool
        CacheDir FOLDER/cache
        StateDir FOLDER/state
        AccessLog FOLDER/access
        ErrorLog FOLDER/error
        PageLog FOLDER/page
    ";
    folder.file("files", &FILES.replace("FOLDER", &folder.path().display().to_string()))?;
    for name in ["spool", "cache", "state"] {
        std::fs::create_dir(folder.path().join(name))?;
    }
    let configuration = "LINES\nBrowsing No\n<Location />\nOrder allow,deny\nAllow all\n</Location>\n";
    configured(folder, "cupsd -f -c FOLDER/conf -s FOLDER/files", configuration, lines)
}
