//! The case that sockwhy is for: a real JVM, whose IPv4 connections netstat calls `tcp6`.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use super::scenarios;
use crate::actor::command::{mapped, v4};
use crate::flow::{Family, Flow, Kind, assert_same};
use crate::host;
use crate::kinds::Listener;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![as_it_comes, with_prefer_ipv4_stack];

const PROGRAM: &str = include_str!("../jvm/Flows.java");

/// The kernel keeps 15 bytes of the threads' names in the program.
const ACCEPTOR: &str = "http-nio-8080-A";
const CLIENT: &str = "http-client-of-";

/// A JVM that runs the program.
struct Jvm {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    port: u16,
    family: Family,
}

impl Jvm {
    fn start(property: Option<&str>) -> Outcome<Self> {
        host::require_program("java")?;
        let folder = std::env::temp_dir().join(format!("sockwhy-acceptance-jvm-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let source = folder.join("Flows.java");
        let written = fs::write(&source, PROGRAM);
        let mut java = Command::new("java");
        java.args(property).arg(source).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = java.spawn()?;
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let family = if property.is_none() && host::has_ipv6() { Family::Inet6 } else { Family::Inet };
        let mut jvm = Self { child, lines, folder, port: 0, family };
        written?;
        jvm.port = jvm.line()?;
        Ok(jvm)
    }

    /// The number that the program prints next.
    fn line(&mut self) -> Outcome<u16> {
        Ok(self.lines.next().ok_or_else(|| Stop::failed("the JVM has ended"))??.parse()?)
    }

    /// What one of its threads does, in the next call of `act`.
    fn flow(&mut self, kind: Kind, thread: &str, act: impl FnOnce(&mut Self) -> Outcome<(u16, u16)>) -> Outcome<Flow> {
        let now = || u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos());
        let began = now()?;
        let (local, peer) = act(self)?;
        let address = |port| -> SocketAddr { if self.family == Family::Inet { v4(port) } else { mapped(port) } };
        let listener = if self.family == Family::Inet { Listener::Inet } else { Listener::DualStack };
        Ok(Flow {
            kind,
            pid: Some(self.child.id()),
            tid: self.thread(thread),
            uid: 0,
            process: b"java".to_vec(),
            thread: Some(thread.into()),
            netns: host::inode("/proc/self/ns/net")?,
            cgroup_id: host::cgroup_id(),
            cookie: None,
            family: self.family,
            mptcp: false,
            local: address(local),
            peer: address(peer),
            v6only: (self.family == Family::Inet6).then_some(false),
            began,
            ended: now()?,
            error: None,
            socket: 0,
            was_blocked: false,
            cookie_unknown: false,
            listener: (kind == Kind::Accept).then(|| listener.described().to_owned()),
            what: format!("{kind:?} of the JVM"),
        })
    }

    /// The number of the thread of that name, if it lives.
    fn thread(&self, name: &str) -> Option<u32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let task = tasks
            .flatten()
            .find(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name))?;
        task.file_name().to_str()?.parse().ok()
    }

    /// The test connects to it.
    fn accept(&mut self) -> Outcome<Flow> {
        self.flow(Kind::Accept, ACCEPTOR, |jvm| {
            let client = TcpStream::connect((Ipv4Addr::LOCALHOST, jvm.port))?;
            let port = client.local_addr()?.port();
            assert_eq!(jvm.line()?, port);
            Ok((jvm.port, port))
        })
    }

    /// It connects to the test.
    fn connect(&mut self) -> Outcome<Flow> {
        self.flow(Kind::Connect, CLIENT, |jvm| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            writeln!(jvm.child.stdin.as_mut().expect("stdin is piped"), "{port}")?;
            Ok((jvm.line()?, port))
        })
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

fn as_it_comes(session: &Session) -> Outcome {
    let mut jvm = Jvm::start(None)?;
    check(session, &mut jvm, if host::has_ipv6() { "IPv4-over-AF_INET6" } else { "IPv4" })
}

fn with_prefer_ipv4_stack(session: &Session) -> Outcome {
    let mut jvm = Jvm::start(Some("-Djava.net.preferIPv4Stack=true"))?;
    check(session, &mut jvm, "IPv4")
}

fn check(session: &Session, jvm: &mut Jvm, label: &str) -> Outcome {
    let pid = jvm.child.id();
    let by_pid = session.trace().pids([pid]).start()?;
    // No thread that connects or accepts has that name.
    let by_name = session.trace().arguments(["--comm", "java"]).start()?;
    // The acceptor waits in accept() since before the tracers came.
    let first = Flow { was_blocked: true, ..jvm.accept()? };
    let flows = [first, jvm.accept()?, jvm.connect()?];
    for flow in &flows {
        assert_eq!(flow.label(), label);
    }
    for tracer in [by_pid, by_name] {
        let finished = tracer.stop()?;
        finished.assert_well()?;
        // There may be other JVMs.
        let events: Vec<_> = finished.events.into_iter().filter(|event| event.is_of(&[pid])).collect();
        assert_same(&events, &flows, session.backend);
    }
    Ok(())
}
