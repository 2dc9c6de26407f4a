//! The sessions in the documents, in the situation that they are about: what they show is what the commands say.
//!
//! The documents are the only place of this text. Where the test fails, it prints what the command says now.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::{fs, panic, thread};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command as Act, Open};
use crate::enter::Enter;
use crate::jvm::Jvm;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::session::Session;
use crate::text::without_colours;
use crate::trace::Trace;
use crate::{host, netlink, terminal};

scenarios![show_what_the_commands_say];

const DOCUMENTS: [(&str, &str); 3] = [
    ("README.md", include_str!("../../../../README.md")),
    ("docs/events/connect.md", include_str!("../../../../docs/events/connect.md")),
    ("docs/events/accept.md", include_str!("../../../../docs/events/accept.md")),
];

/// The width of the documents' terminal.
const COLUMNS: u16 = 100;

/// Where the JVM listens.
const PORT: u16 = 4243;
/// The JVM's own port of the connection that it makes.
const JVM_PORT: u16 = 39860;
const JVM: [&str; 2] = ["10.0.0.12", "fd00::1"];
const CLIENTS: [&str; 2] = ["10.0.0.20:44657", "[fd00::2]:47412"];
const DATABASE: &str = "10.0.0.30:5432";

/// The PID of the JVM in the documents.
const SHOWN_PID: u32 = 28642;

/// A command in a document, and what it says there.
struct Shown {
    document: &'static str,
    command: &'static str,
    text: String,
}

/// The commands in the documents' console blocks, from `# ` to the next.
fn sessions() -> Vec<Shown> {
    let mut sessions: Vec<Shown> = Vec::new();
    for (document, content) in DOCUMENTS {
        for block in content.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            for line in block.lines() {
                match (line.strip_prefix("# "), sessions.last_mut()) {
                    (Some(command), _) => sessions.push(Shown { document, command, text: String::new() }),
                    (None, Some(session)) => session.text.extend([line, "\n"]),
                    (None, None) => {}
                }
            }
        }
    }
    sessions
}

fn show_what_the_commands_say(_: &Session) -> Outcome {
    host::require_ipv6()?;
    host::require_program("netstat")?;
    // A network namespace belongs to a thread, and to the processes that it starts.
    thread::scope(|scope| scope.spawn(compare).join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
}

fn compare() -> Outcome {
    let (mut others, database) = connected_hosts()?;
    others.listen(Open::inet().bind(database))?;
    let mut jvm = Jvm::start(None, PORT)?;

    let sessions = sessions();
    let (traces, commands): (Vec<_>, Vec<_>) =
        sessions.iter().partition(|session| session.command.starts_with("sockwhy trace"));
    assert!(!traces.is_empty() && !commands.is_empty(), "the documents show no commands");
    let mut running = Vec::new();
    for session in traces {
        let arguments = session.command.split(' ').skip(2);
        let (ours, theirs) = terminal::open(COLUMNS)?;
        running.push((session, Trace::auto().text().arguments(arguments).output(theirs).start()?, ours));
    }
    make_connections(&mut others, &mut jvm, database)?;
    for (session, tracer, output) in running {
        tracer.signal(Signal::INT)?;
        // The documents' host has the best backend, which sees everything.
        let first_line = tracer.first_line();
        let (what, _) = first_line.split_once(" with the ").unwrap_or_default();
        session.assert_says(&format!("{what} with the fentry backend\n{}", terminal::read(output)?), &jvm);
        tracer.finish()?;
    }
    for session in commands {
        let mut words = session.command.split(' ');
        let mut command = match words.next().unwrap_or_default() {
            "sockwhy" => Command::new(program()),
            other => Command::new(other),
        };
        session.assert_says(&terminal::run(command.args(words), COLUMNS)?.stdout, &jvm);
    }
    Ok(())
}

/// Makes two hosts: a network namespace for this thread, and one for an actor. Returns where the actor has a database.
fn connected_hosts() -> Outcome<(Actor, SocketAddr)> {
    netlink::leave()?;
    let mut others = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    netlink::add_veth("eth0", "eth0", others.pid).map_err(|error| match error.kind() {
        std::io::ErrorKind::Unsupported => Stop::skipped("this kernel has no veth"),
        _ => error.into(),
    })?;
    netlink::up("eth0")?;
    others.perform(&Act::Up("eth0".to_owned()))?;
    let prefix = |address: IpAddr| if address.is_ipv4() { 24 } else { 64 };
    for address in JVM {
        let address = address.parse()?;
        netlink::add_address("eth0", address, prefix(address))?;
    }
    for end in [CLIENTS[0], CLIENTS[1], DATABASE] {
        let address = end.parse::<SocketAddr>()?.ip();
        others.perform(&Act::AddAddress { device: "eth0".to_owned(), address, prefix: prefix(address) })?;
    }
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", format!("{JVM_PORT} {JVM_PORT}"))?;
    Ok((others, DATABASE.parse()?))
}

/// The JVM accepts an IPv4 client, connects to the database, and accepts an IPv6 client.
fn make_connections(others: &mut Actor, jvm: &mut Jvm, database: SocketAddr) -> Outcome {
    for (client, address) in CLIENTS.into_iter().zip(JVM) {
        let (client, address): (SocketAddr, IpAddr) = (client.parse()?, address.parse()?);
        let open = if client.is_ipv4() { Open::inet() } else { Open::inet6() };
        assert_eq!(others.connect(open.bind(client), (address, PORT).into())?.error, None);
        jvm.accepted()?;
        if client.is_ipv4() {
            assert_eq!(jvm.connect(database)?, JVM_PORT);
        }
    }
    Ok(())
}

impl Shown {
    /// Asserts that the command says what the document shows.
    fn assert_says(&self, said: &str, jvm: &Jvm) {
        let Self { document, command, text } = self;
        let said = with_shown_pid(&without_colours(said), jvm.pid());
        // netstat's lines are in no order, and the README leaves some out.
        let is_so = if command.starts_with("sockwhy") { is_shown(text, &said) } else { has_lines(&said, text) };
        assert!(is_so, "{document} shows of `{command}`:\n{text}\nbut it says:\n{said}");
    }
}

/// The text without the lines of other JVMs, and with the documents' PID of ours.
fn with_shown_pid(text: &str, pid: u32) -> String {
    let mut ours = String::new();
    for line in text.lines() {
        let word = line.split_whitespace().find_map(|word| word.strip_suffix("/java"));
        let object = serde_json::from_str::<Value>(line).ok();
        let other = word.is_some_and(|java| java != pid.to_string()) || object.is_some_and(|event| event["pid"] != pid);
        if !other {
            let forms = [format!("{pid}/java"), format!("PID {pid}"), format!("\"pid\":{pid}")];
            let shown = forms.each_ref().map(|form| form.replace(&pid.to_string(), &SHOWN_PID.to_string()));
            ours += &forms.iter().zip(&shown).fold(line.to_owned(), |line, (form, shown)| line.replace(form, shown));
            ours.push('\n');
        }
    }
    ours
}

/// Whether `shown` is what `said` says, word by word: the length of a PID moves columns and the ends of lines. `[…]` stands
/// for anything.
fn is_shown(shown: &str, said: &str) -> bool {
    let (shown, said) = (words(shown), words(said));
    let parts: Vec<_> = shown.split(|word| word == "[…]").collect();
    let [first, middle @ .., last] = &parts[..] else { return shown == said };
    let Some(mut rest) = said.strip_prefix(*first).and_then(|rest| rest.strip_suffix(*last)) else { return false };
    for part in middle {
        let Some(at) = rest.windows(part.len()).position(|words| words == *part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// The words of a text. Times become the same word, and so do the numbers of an event that differ from run to run.
fn words(text: &str) -> Vec<String> {
    const DIFFERENT: [&str; 5] = ["time", "tid", "netns", "cgroup_id", "cookie"];
    let is_time =
        |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte));
    let in_line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(mut event @ Value::Object(_)) => {
            for field in DIFFERENT {
                event[field] = json!(!event[field].is_null());
            }
            vec![event.to_string()]
        }
        _ => line.split_whitespace().map(|word| if is_time(word) { "time" } else { word }.to_owned()).collect(),
    };
    text.lines().flat_map(in_line).collect()
}

/// Whether each of these lines is among those of the text, in whatever order.
fn has_lines(text: &str, lines: &str) -> bool {
    let said: Vec<_> = text.lines().map(words).collect();
    lines.lines().map(words).all(|line| line.is_empty() || said.contains(&line))
}
