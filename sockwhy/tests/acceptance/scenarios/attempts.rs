//! Connection attempts: one event for each that sends a SYN, when it sends it, whatever the outcome.

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, How, Open, mapped, v4, v6};
use crate::host;
use crate::kinds::Client;
use crate::outcome::Outcome;
use crate::session::Session;

scenarios![
    refused,
    unanswered,
    sent_again_until_answered,
    refused_and_tried_again_on_the_same_socket,
    cancelled_and_connected_again,
    connected_to_itself,
    to_the_unspecified_address,
    cookie_that_exists_already,
    in_a_thread_with_a_name_of_its_own,
    made_by_processes_that_exit_at_once,
];

/// The own address of a client, with no port chosen yet.
fn own(client: Client) -> std::net::SocketAddr {
    client.target(0)
}

fn refused(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    // It is bound and does not listen, so nobody else can.
    let (_, nobody) = server.open(Open::inet().bind(v4(0)))?;
    let mut flows = Vec::new();
    let mut watch = session.watch()?;
    for &kind in Client::all() {
        for nonblocking in [false, true] {
            for open in [kind.open(), kind.open().bind(own(kind))] {
                let what = format!("{kind:?}, non-blocking: {nonblocking}, bound: {}", open.bind.is_some());
                let flow = client.connect(open.nonblocking(nonblocking), kind.target(nobody.port()))?;
                let error = if nonblocking { libc::EINPROGRESS } else { libc::ECONNREFUSED };
                assert_eq!(flow.error, Some(error), "{what}");
                flows.push(flow.named(what));
            }
        }
    }
    watch.assert_saw(&flows)
}

/// A listener whose queue is full answers no SYN.
pub(super) fn full_listener(server: &mut Actor, filler: &mut Actor) -> Outcome<(usize, u16)> {
    let (listener, address) = server.listen_with(Open::inet().bind(v4(0)), 0)?;
    assert_eq!(filler.connect(Open::inet(), address)?.error, None);
    Ok((listener, address.port()))
}

fn unanswered(session: &Session) -> Outcome {
    let (mut client, mut server, mut filler) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let (_, port) = full_listener(&mut server, &mut filler)?;
    let mut flows = Vec::new();
    let mut watch = session.watch()?;
    for &kind in Client::all().iter().filter(|kind| **kind != Client::Inet6) {
        let flow = client.connect(kind.open().nonblocking(true), kind.target(port))?;
        assert_eq!(flow.error, Some(libc::EINPROGRESS), "{kind:?}");
        flows.push(flow.named(format!("{kind:?}")));
    }
    watch.assert_saw(&flows)?;
    // Giving up is no event.
    for flow in &flows {
        client.perform(&Command::Close(flow.socket))?;
    }
    watch.assert_saw(&flows)
}

fn sent_again_until_answered(session: &Session) -> Outcome {
    let (mut client, mut server, mut filler) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let (listener, port) = full_listener(&mut server, &mut filler)?;
    let (socket, _) = client.open(Open::inet())?;
    let mut watch = session.watch()?;
    client.begin(&Command::Connect { socket, to: v4(port), how: How::default() })?;
    client.wait_blocked(libc::SYS_connect, 1)?;
    // The event comes while it waits.
    assert_eq!(watch.events(&[client.pid])?.len(), 1, "the connect waits for an answer");
    // Now there is room in the queue: the next SYN, after a second, is answered.
    let first = server.accept(listener)?;
    let connected = client.flow()?;
    assert_eq!(connected.error, None);
    let second = server.accept(listener)?;
    watch.assert_saw(&[connected, first, second])
}

fn refused_and_tried_again_on_the_same_socket(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, nobody) = server.open(Open::inet().bind(v4(0)))?;
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    let mut watch = session.watch()?;
    let refused = client.connect_socket(socket, nobody)?;
    let connected = client.connect_socket(socket, address)?;
    assert_eq!((refused.error, connected.error), (Some(libc::ECONNREFUSED), None));
    let accepted = server.accept(listener)?;
    assert_eq!(refused.cookie, connected.cookie);
    watch.assert_saw(&[refused.named("first"), connected.named("second"), accepted])
}

fn cancelled_and_connected_again(session: &Session) -> Outcome {
    let (mut client, mut server, mut filler) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let (_, full) = full_listener(&mut server, &mut filler)?;
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet().nonblocking(true))?;
    let mut watch = session.watch()?;
    let unanswered = client.connect_socket(socket, v4(full))?;
    client.perform(&Command::Disconnect(socket))?;
    let connected = client.connect_socket(socket, address)?;
    watch.assert_saw(&[unanswered.named("cancelled"), connected.named("again")])
}

/// A socket that connects to its own port meets its own SYN (RFC 9293 §3.5, simultaneous open): nobody accepts.
fn connected_to_itself(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let (socket, address) = actor.open(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = actor.connect_socket(socket, address)?;
    assert_eq!(connected.error, None);
    watch.assert_saw(&[connected])
}

fn to_the_unspecified_address(session: &Session) -> Outcome {
    let mut client = Actor::start()?;
    let mut server = Actor::start()?;
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let mut flows = vec![client.connect(Open::inet(), ([0, 0, 0, 0], address.port()).into())?.named("0.0.0.0")];
    if host::has_ipv6() {
        let any = ([0_u16; 8], address.port()).into();
        // tcp_v6_connect() takes it for ::ffff:127.0.0.1 where the socket is bound to a mapped address.
        let bound = Open::inet6().v6only(false).bind(mapped(0));
        flows.push(client.connect(bound, any)?.named(":: from a mapped address"));
        let (_, address) = server.listen(Open::inet6().bind(v6(0)))?;
        flows.push(client.connect(Open::inet6(), ([0_u16; 8], address.port()).into())?.named("::"));
    }
    for flow in &flows {
        assert_eq!(flow.error, None, "{}", flow.name);
        assert!(flow.peer.ip().to_canonical().is_loopback(), "{flow:?}");
    }
    watch.assert_saw(&flows)
}

/// Every backend reports a cookie that the socket has already.
fn cookie_that_exists_already(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    let mut watch = session.watch()?;
    let how = How { cookie_first: true, ..How::default() };
    let flow = client.connect_how(socket, address, how)?;
    let events = watch.events(&[client.pid])?;
    assert_eq!(events.iter().map(|event| event.int("cookie")).collect::<Vec<_>>(), [flow.cookie]);
    Ok(())
}

fn in_a_thread_with_a_name_of_its_own(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    client.rename("the-process")?;
    server.rename("the-server")?;
    let mut watch = session.watch()?;
    let in_thread = |name: &str| How { thread: Some(name.into()), ..How::default() };
    let connected = client.connect_how(socket, address, in_thread("http-client-1"))?;
    let accepted = server.accept_how(listener, in_thread("http-nio-8080-"))?;
    for (flow, process, thread) in
        [(&connected, "the-process", "http-client-1"), (&accepted, "the-server", "http-nio-8080-")]
    {
        assert_eq!(flow.process, process.as_bytes());
        assert_eq!(flow.thread.as_deref(), Some(thread.as_bytes()));
        assert_ne!(flow.tid, flow.pid);
    }
    watch.assert_saw(&[connected, accepted])
}

fn made_by_processes_that_exit_at_once(session: &Session) -> Outcome {
    let mut server = Actor::start()?;
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    for _ in 0..10 {
        let mut client = Actor::start()?;
        flows.push(client.connect(Open::inet(), address)?);
        client.exit()?;
    }
    watch.assert_saw(&flows)
}
