//! MPTCP: one event for each connection that the application makes or accepts, however many subflows it has.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, Open, Via, mapped, v4};
use crate::enter::Enter;
use crate::flow::{Flow, assert_same};
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;
use crate::tracer::LIMIT;

scenarios![
    connected_and_accepted,
    client_that_speaks_tcp,
    server_that_speaks_tcp,
    accept_that_was_blocked_before_the_tracer_came,
    further_subflow,
];

fn connected_and_accepted(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    let mut pairs = vec![(Open::inet().bind(v4(0)), Open::inet())];
    if host::has_ipv6() {
        let dual_stack = || Open::inet6().v6only(false).bind(([0_u16; 8], 0));
        pairs.push((dual_stack(), Open::inet()));
        pairs.push((dual_stack(), Open::inet6().v6only(false)));
    }
    for (listener, from) in pairs {
        let what = format!("{:?} client of a {:?} listener", from.family, listener.family);
        let (listener, address) = server.listen(listener.mptcp())?;
        let to = if from.v6only.is_some() { mapped(address.port()) } else { v4(address.port()) };
        let connected = client.connect(from.mptcp(), to)?;
        assert_eq!(connected.error, None, "{what}");
        flows.push(connected.named(format!("connect of the {what}")));
        flows.push(server.accept(listener)?.named(format!("accept of the {what}")));
    }
    watch.assert_saw(&flows)
}

fn client_that_speaks_tcp(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().mptcp().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = client.connect(Open::inet(), address)?;
    // An MPTCP listener accepts a TCP client as a TCP socket.
    let accepted = server.accept(listener)?;
    assert!(!accepted.mptcp);
    watch.assert_saw(&[connected, accepted])
}

fn server_that_speaks_tcp(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = client.connect(Open::inet().mptcp(), address)?;
    let accepted = server.accept(listener)?;
    watch.assert_saw(&[connected, accepted])
}

fn accept_that_was_blocked_before_the_tracer_came(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().mptcp().bind(v4(0)))?;
    server.begin_accept(listener, Via::Call)?;
    let tracer = session.trace().pids([server.pid]).start()?;
    client.connect(Open::inet().mptcp(), address)?;
    let accepted = Flow { was_blocked: true, ..server.flow()? };
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &[accepted], session.backend);
    Ok(())
}

/// A subflow that joins a connection (RFC 8684 §3.2) is no new connection, though a SYN is sent for it.
fn further_subflow(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    let [client, server, other] = [1, 2, 3].map(|number| Ipv4Addr::new(10, 91, 0, number));
    for address in [client, server, other] {
        let device = "lo".to_owned();
        actor.perform(&Command::AddAddress { device, address: address.into(), prefix: 32 })?;
    }
    actor.perform(&Command::AddMptcpSubflow(other))?;
    let (listener, address) = actor.listen(Open::inet().mptcp().bind((server, 0)))?;
    let mut watch = session.watch()?;
    let connected = actor.connect(Open::inet().mptcp().bind((client, 0)), address)?;
    assert_eq!(connected.error, None);
    let accepted = actor.accept(listener)?;
    // With the first data each end knows that the other speaks MPTCP.
    actor.send(connected.socket)?;
    actor.send(accepted.socket)?;
    wait_for_join(actor.pid)?;
    // A worker of the kernel makes the subflow, not the process.
    let mut events = watch.events_with(&[actor.hello.netns])?;
    events.retain(|event| event.int("netns") == Some(actor.hello.netns));
    assert_same(&events, &[connected, accepted], session.backend);
    Ok(())
}

/// Waits until a subflow has joined a connection in the network namespace of that process.
fn wait_for_join(pid: u32) -> Outcome {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        // Two lines for each group of counters, the names and the values.
        let counters = fs::read_to_string(format!("/proc/{pid}/net/netstat"))?;
        let mut lines = counters.lines().filter(|line| line.starts_with("MPTcpExt:"));
        let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let mut counters = names.split(' ').zip(values.split(' '));
        if counters.any(|(name, value)| name == "MPJoinAckRx" && value != "0") {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(Stop::failed("no subflow has joined the connection"))
}
