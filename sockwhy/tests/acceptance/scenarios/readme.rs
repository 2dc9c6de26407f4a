//! The README's sessions, in the situation that they are about: what is shown there is what the commands say.
//!
//! The README is the one place of their text. A test that fails prints what the command says now, to be put there.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::{fs, panic, thread};

use rustix::process::Signal;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command as Act, Open};
use crate::enter::Enter;
use crate::jvm::Jvm;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::session::Session;
use crate::trace::Trace;
use crate::{host, netlink, terminal};

scenarios![sessions_are_what_the_commands_say];

const README: &str = include_str!("../../../../README.md");

/// The width of the README's terminal.
const COLUMNS: u16 = 100;

/// Where the JVM listens.
const PORT: u16 = 4243;
/// The JVM's own port of the connection that it makes.
const JVM_PORT: u16 = 39860;
const JVM: [&str; 2] = ["10.0.0.12", "fd00::1"];
const CLIENTS: [&str; 2] = ["10.0.0.20:44657", "[fd00::2]:47412"];
const DATABASE: &str = "10.0.0.30:5432";

/// A command of the README, and what it says there.
#[derive(Debug)]
struct Shown {
    command: &'static str,
    text: String,
}

/// The commands in the README's console blocks, from `# ` to the next.
fn sessions() -> Vec<Shown> {
    let mut sessions: Vec<Shown> = Vec::new();
    for block in README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match (line.strip_prefix("# "), sessions.last_mut()) {
                (Some(command), _) => sessions.push(Shown { command, text: String::new() }),
                (None, Some(session)) => session.text.extend([line, "\n"]),
                (None, None) => {}
            }
        }
    }
    sessions
}

fn sessions_are_what_the_commands_say(_: &Session) -> Outcome {
    host::require_ipv6()?;
    host::require_program("netstat")?;
    // A network namespace is a thread's: what this one starts is in it too.
    thread::scope(|scope| scope.spawn(compare).join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
}

/// Makes the situation: a JVM and its clients on two hosts with a cable between them.
fn compare() -> Outcome {
    netlink::leave()?;
    let mut others = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    netlink::add_veth("eth0", "eth0", others.pid).map_err(|error| match error.kind() {
        std::io::ErrorKind::Unsupported => Stop::skipped("this kernel has no veth"),
        _ => error.into(),
    })?;
    netlink::up("eth0")?;
    let device = "eth0".to_owned();
    others.perform(&Act::Up(device.clone()))?;
    for address in JVM.map(str::parse::<IpAddr>) {
        let address = address?;
        netlink::add_address("eth0", address, prefix(address))?;
    }
    let [client, client6, database] = [CLIENTS[0], CLIENTS[1], DATABASE].map(str::parse::<SocketAddr>);
    let (client, client6, database) = (client?, client6?, database?);
    for address in [client.ip(), client6.ip(), database.ip()] {
        others.perform(&Act::AddAddress { device: device.clone(), address, prefix: prefix(address) })?;
    }
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", format!("{JVM_PORT} {JVM_PORT}"))?;

    others.listen(Open::inet().bind(database))?;
    let mut jvm = Jvm::start(None, PORT)?;
    let traced = trace(|| {
        let [jvm4, jvm6] = JVM.map(str::parse::<IpAddr>);
        assert_eq!(others.connect(Open::inet().bind(client), (jvm4?, PORT).into())?.error, None);
        jvm.accepted()?;
        assert_eq!(jvm.connect(database)?, JVM_PORT);
        assert_eq!(others.connect(Open::inet6().bind(client6), (jvm6?, PORT).into())?.error, None);
        jvm.accepted()?;
        Ok(())
    })?;

    let sessions = sessions();
    let shown_pid = sessions.iter().find_map(|session| pid_of_java(&session.text));
    let shown_pid = shown_pid.ok_or_else(|| Stop::failed("the README shows no PID of java"))?;
    for Shown { command, text } in &sessions {
        let said = match command.split(' ').collect::<Vec<_>>()[..] {
            ["sockwhy", "trace", ..] => traced.clone(),
            ["sockwhy", ref arguments @ ..] => terminal::run(Command::new(program()).args(arguments), COLUMNS)?.stdout,
            [program, ref arguments @ ..] => terminal::run(Command::new(program).args(arguments), COLUMNS)?.stdout,
            [] => String::new(),
        };
        let said = as_in_the_readme(&said, jvm.pid(), shown_pid);
        let is_so = if command.starts_with("sockwhy") { is_shown(text, &said) } else { has_lines(&said, text) };
        assert!(is_so, "the README shows of `{command}`:\n{text}\nbut it says:\n{said}");
    }
    Ok(())
}

fn prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 24 } else { 64 }
}

/// What the README's trace says while `act` runs.
fn trace(act: impl FnOnce() -> Outcome) -> Outcome<String> {
    let command = sessions().into_iter().find_map(|session| session.command.strip_prefix("sockwhy trace "));
    let arguments = command.ok_or_else(|| Stop::failed("the README shows no trace"))?.split(' ');
    let (ours, theirs) = terminal::open(COLUMNS)?;
    let tracer = Trace::auto().text().arguments(arguments).output(theirs).start()?;
    act()?;
    tracer.signal(Signal::INT)?;
    let text = terminal::read(ours)?;
    // The README's host has the best backend, which sees everything.
    let first_line = tracer.first_line();
    let (what, _) = first_line.split_once(" with the ").unwrap_or_default();
    tracer.finish()?;
    Ok(format!("{what} with the fentry backend\n{text}"))
}

fn pid_of_java(text: &str) -> Option<&str> {
    text.split_whitespace().find_map(|word| word.strip_suffix("/java"))
}

/// The text without colours and without other JVMs of this machine, the PID of ours replaced.
fn as_in_the_readme(text: &str, pid: u32, shown_pid: &str) -> String {
    let is_ours = |line: &&str| pid_of_java(line).is_none_or(|java| java == pid.to_string());
    let mut ours = String::new();
    for line in crate::text::without_colours(text).lines().filter(is_ours) {
        let line = line.replace(&format!("{pid}/java"), &format!("{shown_pid}/java"));
        ours += &line.replace(&format!("PID {pid}"), &format!("PID {shown_pid}"));
        ours.push('\n');
    }
    ours
}

/// Whether `shown` is what `said` says, word by word: the length of a PID moves the columns and the ends of lines. Any time
/// of day is as good as another, and `[…]` stands for whatever was left out.
fn is_shown(shown: &str, said: &str) -> bool {
    let (shown, said) = (words(shown), words(said));
    let mut rest = &said[..];
    let mut parts = shown.split(|word| *word == "[…]").peekable();
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let found = match (is_first, parts.peek().is_none()) {
            (true, true) => (rest == part).then_some(0),
            (true, false) => rest.starts_with(part).then_some(0),
            (false, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
            (false, false) => (0..rest.len()).find(|at| rest[*at..].starts_with(part)),
        };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
        is_first = false;
    }
    true
}

fn words(text: &str) -> Vec<&str> {
    let is_time =
        |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte));
    text.split_whitespace().map(|word| if is_time(word) { "hh:mm:ss.mmm" } else { word }).collect()
}

/// Whether each of these lines is among those of the text, in whatever order.
fn has_lines(text: &str, lines: &str) -> bool {
    lines.lines().all(|line| text.lines().any(|other| words(line) == words(other)) || line.is_empty())
}
