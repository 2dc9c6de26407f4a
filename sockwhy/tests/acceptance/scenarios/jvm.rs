//! The case that sockwhy is for: a real JVM, whose IPv4 connections netstat calls `tcp6`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::SystemTime;

use super::scenarios;
use crate::actor::command::{mapped, v4};
use crate::flow::{Family, Flow, Kind, assert_same};
use crate::host;
use crate::jvm::{ACCEPTOR, CLIENT, Jvm};
use crate::kinds::Listener;
use crate::outcome::Outcome;
use crate::session::Session;

scenarios![as_it_comes, with_prefer_ipv4_stack];

/// What a thread of a JVM with sockets of this family does while `act` runs, which gives the two ports.
fn flow(jvm: &mut Jvm, family: Family, kind: Kind, act: impl FnOnce(&mut Jvm) -> Outcome<(u16, u16)>) -> Outcome<Flow> {
    let now = || u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos());
    let began = now()?;
    let (local, peer) = act(jvm)?;
    let address = |port| -> SocketAddr { if family == Family::Inet { v4(port) } else { mapped(port) } };
    let listener = if family == Family::Inet { Listener::Inet } else { Listener::DualStack };
    let thread = if kind == Kind::Accept { ACCEPTOR } else { CLIENT };
    Ok(Flow {
        kind,
        pid: Some(jvm.pid()),
        tid: jvm.thread(thread),
        uid: 0,
        process: b"java".to_vec(),
        thread: Some(thread.into()),
        netns: host::inode("/proc/self/ns/net")?,
        cgroup_id: host::cgroup_id(),
        cookie: None,
        family,
        mptcp: false,
        local: address(local),
        peer: address(peer),
        v6only: (family == Family::Inet6).then_some(false),
        began,
        ended: now()?,
        error: None,
        socket: 0,
        was_blocked: false,
        cookie_unknown: false,
        listener: (kind == Kind::Accept).then(|| listener.described().to_owned()),
        name: format!("{kind:?} of the JVM"),
    })
}

/// The test connects to it.
fn accept(jvm: &mut Jvm, family: Family) -> Outcome<Flow> {
    flow(jvm, family, Kind::Accept, |jvm| {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, jvm.port))?;
        let port = client.local_addr()?.port();
        assert_eq!(jvm.accepted()?, port);
        Ok((jvm.port, port))
    })
}

/// It connects to the test.
fn connect(jvm: &mut Jvm, family: Family) -> Outcome<Flow> {
    flow(jvm, family, Kind::Connect, |jvm| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let to = listener.local_addr()?;
        Ok((jvm.connect(to)?, to.port()))
    })
}

fn as_it_comes(session: &Session) -> Outcome {
    let family = if host::has_ipv6() { Family::Inet6 } else { Family::Inet };
    check(session, None, family, if host::has_ipv6() { "IPv4-over-AF_INET6" } else { "IPv4" })
}

fn with_prefer_ipv4_stack(session: &Session) -> Outcome {
    check(session, Some("-Djava.net.preferIPv4Stack=true"), Family::Inet, "IPv4")
}

fn check(session: &Session, option: Option<&str>, family: Family, label: &str) -> Outcome {
    let mut jvm = Jvm::start(option, 0)?;
    let pid = jvm.pid();
    let by_pid = session.trace().pids([pid]).start()?;
    // The threads that connect and accept have other names.
    let by_name = session.trace().arguments(["--comm", "java"]).start()?;
    // The acceptor was blocked in accept() before the tracers started.
    let first = Flow { was_blocked: true, ..accept(&mut jvm, family)? };
    let flows = [first, accept(&mut jvm, family)?, connect(&mut jvm, family)?];
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
