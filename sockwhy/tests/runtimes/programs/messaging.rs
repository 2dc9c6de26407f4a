//! Messages between programs and between people.

use std::process::Command;

use super::{command, configured};
use crate::outcome::Outcome;
use crate::server::{Folder, Ready};
use crate::table::{ANY4, ANY6, Case, LOOPBACK, LOOPBACK4, LOOPBACK6, NONE, PAIR, SERVER, State, change, state};

const MOSQUITTO: State = state(&["listener 8080"], PAIR);
const NGIRCD: State = state(&[], PAIR);
const NGIRCD_LOOPBACK: State = state(&["Listen = 127.0.0.1,::1"], LOOPBACK);
const EPMD: State = state(&[], PAIR);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "Mosquitto",
        program: "mosquitto",
        start: mosquitto,
        usual: MOSQUITTO,
        changes: &[
            change("listener {port} {ipv4}", MOSQUITTO, state(&["listener 8080 0.0.0.0"], ANY4)),
            change("listener {port}", state(&["listener 8080 ::"], ANY6), MOSQUITTO),
            change(
                "listener {port} {ipv4} and listener {port} {ipv6}",
                state(&["listener 8080 ::1"], LOOPBACK6),
                state(&["listener 8080 127.0.0.1", "listener 8080 ::1"], LOOPBACK),
            ),
            change("listener {port} {ipv6}", MOSQUITTO, state(&["listener 8080 ::"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "epmd",
        program: "epmd",
        start: epmd,
        usual: EPMD,
        changes: &[change("-address 0.0.0.0", EPMD, state(&["-address 0.0.0.0"], NONE))],
        ..SERVER
    },
    Case {
        name: "ngIRCd",
        program: "ngircd",
        ready: Ready::Answers,
        start: ngircd,
        usual: NGIRCD,
        changes: &[
            change("Listen = {ipv4}", NGIRCD, state(&["Listen = 0.0.0.0"], ANY4)),
            change("Listen = {ipv4}", NGIRCD_LOOPBACK, state(&["Listen = 127.0.0.1"], LOOPBACK4)),
            change("Listen = {ipv4},{ipv6}", state(&["Listen = ::1"], LOOPBACK6), NGIRCD_LOOPBACK),
            change("Listen = {ipv6}", NGIRCD, state(&["Listen = ::"], ANY6)),
        ],
        ..SERVER
    },
];

fn mosquitto(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    configured(folder, "mosquitto -c FOLDER/conf", "user root\nLINES\nallow_anonymous true\n", lines)
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn epmd(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    Ok(command(folder, &format!("epmd -port 8080 {}", options.join(" ")), &[]))
}

fn ngircd(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        [Global]
        Name = irc.example.net
        Ports = 8080
        ServerUID = root
        ServerGID = root
        LINES
        [Options]
        DNS = no
        Ident = no
        PAM = no
    ";
    configured(folder, "ngircd -n -f FOLDER/conf", CONFIGURATION, lines)
}
