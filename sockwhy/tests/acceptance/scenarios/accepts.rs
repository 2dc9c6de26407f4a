//! Accepted connections: one event for each, from the process that accepted it.

use std::net::{Ipv4Addr, TcpListener};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, How, Open, Reply, Via, v4};
use crate::flow::{Flow, assert_same};
use crate::host;
use crate::kinds::{Client, Listener};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![
    with_accept4,
    by_servers_blocked_before_the_tracer_came,
    by_500_threads_blocked_before_the_tracer_came,
    by_workers_that_share_a_listener,
    from_listeners_that_share_a_port,
    of_connections_that_are_gone_already,
];

fn with_accept4(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = client.connect(Open::inet(), address)?;
    let how = How { via: Via::Accept4, ..How::default() };
    let accepted = server.accept_how(listener, how)?;
    watch.assert_saw(&[connected, accepted])
}

fn by_servers_blocked_before_the_tracer_came(session: &Session) -> Outcome {
    let mut client = Actor::start()?;
    let mut servers = Vec::new();
    let kinds = [Listener::Inet, Listener::DualStack, Listener::V6Only, Listener::Mapped];
    for kind in kinds.into_iter().filter(|kind| *kind == Listener::Inet || host::has_ipv6()) {
        for via in [Via::Call, Via::Accept4] {
            let mut server = Actor::start()?;
            let (listener, address) = server.listen(kind.open())?;
            server.begin_accept(listener, via)?;
            servers.push((kind, via, server, listener, address));
        }
    }
    let pids: Vec<_> = servers.iter().map(|(_, _, server, ..)| server.pid).collect();
    let tracer = session.trace().pids(pids).start()?;
    let mut flows = Vec::new();
    for (kind, via, server, listener, address) in &mut servers {
        let from = Client::all().iter().find(|client| kind.takes(**client)).expect("some client can connect");
        client.connect(from.open(), from.target(address.port()))?;
        let what = format!("{kind:?} with {via:?}");
        let first = Flow { was_blocked: true, ..server.flow()? };
        flows.push(first.named(format!("the accept that waited, {what}")));
        client.connect(from.open(), from.target(address.port()))?;
        flows.push(server.accept(*listener)?.named(format!("the next accept, {what}")));
    }
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

fn by_500_threads_blocked_before_the_tracer_came(session: &Session) -> Outcome {
    const THREADS: usize = 500;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    server.begin(&Command::AcceptInThreads { listener, threads: THREADS })?;
    server.wait_blocked(libc::SYS_accept, THREADS)?;
    let tracer = session.trace().pids([server.pid]).start()?;
    for _ in 0..THREADS {
        let flow = client.connect(Open::inet(), address)?;
        assert_eq!(flow.error, None);
    }
    let flows = match server.end()? {
        Reply::Flows(flows) => flows,
        other => return Err(Stop::failed(format!("{other:?}"))),
    };
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_eq!(flows.len(), THREADS);
    let flows: Vec<_> = flows.into_iter().map(|flow| Flow { was_blocked: true, ..flow }).collect();
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

/// A server that forks, or that gets its socket from a supervisor: the event is of the worker that accepts, not of the
/// process that made the listener.
fn by_workers_that_share_a_listener(session: &Session) -> Outcome {
    let mut client = Actor::start()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(Actor::start_with(&listener)?);
    }
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    for index in [2, 0, 1, 0, 2] {
        let (worker, listener) = &mut workers[index];
        flows.push(client.connect(Open::inet(), address)?);
        flows.push(worker.accept(*listener)?.named(format!("worker {index}")));
    }
    watch.assert_saw(&flows)
}

/// `SO_REUSEPORT`: the kernel decides which listener gets the connection.
fn from_listeners_that_share_a_port(session: &Session) -> Outcome {
    let (mut client, mut one, mut other) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let open = || Open::inet().reuse_port().nonblocking(true);
    let (first, address) = one.listen(open().bind(v4(0)))?;
    let (second, _) = other.listen(open().bind(address))?;
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    for _ in 0..20 {
        flows.push(client.connect(Open::inet(), address)?);
        let accepts = [one.try_accept(first)?, other.try_accept(second)?];
        assert_eq!(accepts.iter().filter(|accept| accept.is_ok()).count(), 1);
        flows.extend(accepts.into_iter().flatten());
    }
    watch.assert_saw_of(&[client.pid, one.pid, other.pid], &flows)
}

/// The client has sent an RST before the server accepts: accept still gives the socket, closed.
fn of_connections_that_are_gone_already(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = client.connect(Open::inet(), address)?;
    client.perform(&Command::Reset(connected.socket))?;
    let accepted = server.accept(listener)?;
    assert_eq!(accepted.peer.port(), connected.local.port());
    watch.assert_saw(&[connected, accepted])
}
