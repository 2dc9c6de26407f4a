//! The JVM, and services that run on it.

use std::process::Command;
use std::sync::Once;

use super::{compiled, run, source};
use crate::outcome::Outcome;
use crate::server::{Folder, Ready};
use crate::table::{ANY4, Case, Connect, DUAL, LOOPBACK6, State, change, state};

const JAVA: State = state(&["listen", "any"], DUAL);
const PREFER: &str = "-Djava.net.preferIPv4Stack=true";
const ON_THE_COMMAND_LINE: &str = "-Djava.net.preferIPv4Stack=true when the JVM starts";

pub(super) static CASES: &[Case] = &[Case {
    name: "Java",
    program: "java",
    ready: Ready::SaysSo,
    start: java,
    usual: JAVA,
    others: &[state(&["listen", "::1"], LOOPBACK6)],
    changes: &[
        change(ON_THE_COMMAND_LINE, JAVA, state(&[PREFER, "listen", "any"], ANY4)),
        change("no -Djava.net.preferIPv4Stack=true", state(&[PREFER, "listen", "any"], ANY4), JAVA),
        change("0.0.0.0 as address", JAVA, state(&["listen", "0.0.0.0"], DUAL)),
        change(
            "-Djava.net.preferIPv6Addresses=false",
            JAVA,
            state(&["-Djava.net.preferIPv6Addresses=false", "listen", "any"], DUAL),
        ),
        change("java.net.preferIPv4Stack once the program runs", JAVA, state(&["late"], DUAL)),
    ],
    connects: &[
        Connect { arguments: &["connect", "127.0.0.1", "PORT"], label: "IPv4-over-AF_INET6", what: None },
        Connect {
            arguments: &[PREFER, "connect", "127.0.0.1", "PORT"],
            label: "IPv4",
            what: Some(ON_THE_COMMAND_LINE),
        },
    ],
}];

/// Arguments that begin with `-` or `@` are the JVM's.
pub(crate) fn java(_: &Folder, arguments: &[&str]) -> Outcome<Command> {
    static COMPILED: Once = Once::new();
    let mut outcome = Ok(());
    COMPILED.call_once(|| {
        outcome = run(Command::new("javac").arg("-d").arg(compiled()).arg(source("Sockets.java")));
    });
    outcome?;
    let options = arguments.iter().take_while(|argument| argument.starts_with(['-', '@'])).count();
    let mut command = Command::new("java");
    command.args(&arguments[..options]).arg("-cp").arg(compiled()).arg("Sockets").args(&arguments[options..]);
    Ok(command)
}
