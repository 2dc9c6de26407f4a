//! No connection, no event: attempts that fail before a SYN is sent, accepts that fail, and sockets that are not TCP.
//! Each test ends with a connection, which must be seen.

use std::net::SocketAddr;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, Open, mapped, v4};
use crate::enter::Enter;
use crate::flow::Flow;
use crate::host;
use crate::outcome::Outcome;
use crate::session::Session;

scenarios![
    no_port_for_the_same_four_numbers,
    no_port_left_in_the_range,
    v6only_socket_to_a_mapped_address,
    no_route,
    address_of_another_family,
    socket_that_is_connected_or_connecting,
    connection_that_is_restored,
    accept_that_fails,
    sockets_that_are_not_tcp,
];

/// Makes a connection within one process; gives its two flows.
fn control(actor: &mut Actor) -> Outcome<Vec<Flow>> {
    let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
    let connected = actor.connect(Open::inet(), address)?;
    Ok(vec![connected.named("the connect at the end"), actor.accept(listener)?.named("the accept at the end")])
}

/// Asserts that an attempt fails with that error.
fn assert_fails(flow: &Flow, error: i32) {
    assert_eq!(flow.error, Some(error), "the test is wrong: {flow:?}");
}

fn no_port_for_the_same_four_numbers(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let first = client.connect(Open::inet().reuse_addr().bind(v4(0)), address)?;
    let same = Open::inet().reuse_addr().bind(first.local);
    assert_fails(&client.connect(same, address)?, libc::EADDRNOTAVAIL);
    let mut flows = vec![first];
    if host::has_ipv6() {
        let same = Open::inet6().v6only(false).reuse_addr().bind(mapped(flows[0].local.port()));
        assert_fails(&client.connect(same, mapped(address.port()))?, libc::EADDRNOTAVAIL);
    }
    flows.extend(control(&mut client)?);
    watch.assert_saw(&flows)
}

fn no_port_left_in_the_range(session: &Session) -> Outcome {
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    actor.set_sysctl("net/ipv4/ip_local_port_range", "40000 40000")?;
    let (_, address) = actor.listen(Open::inet().bind(v4(50_000)))?;
    let mut watch = session.watch()?;
    let first = actor.connect(Open::inet(), address)?;
    assert_eq!(first.local.port(), 40_000);
    assert_fails(&actor.connect(Open::inet(), address)?, libc::EADDRNOTAVAIL);
    assert_fails(&actor.connect(Open::inet().nonblocking(true), address)?, libc::EADDRNOTAVAIL);
    if host::has_ipv6() {
        let open = Open::inet6().v6only(false);
        assert_fails(&actor.connect(open, mapped(address.port()))?, libc::EADDRNOTAVAIL);
    }
    actor.set_sysctl("net/ipv4/ip_local_port_range", "40000 41000")?;
    let mut flows = vec![first];
    flows.extend(control(&mut actor)?);
    watch.assert_saw(&flows)
}

fn v6only_socket_to_a_mapped_address(session: &Session) -> Outcome {
    host::require_ipv6()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    for nonblocking in [false, true] {
        let open = Open::inet6().v6only(true).nonblocking(nonblocking);
        assert_fails(&client.connect(open, mapped(address.port()))?, libc::ENETUNREACH);
    }
    let flows = control(&mut client)?;
    watch.assert_saw(&flows)
}

fn no_route(session: &Session) -> Outcome {
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    let mut watch = session.watch()?;
    // Addresses for documentation (RFC 5737, RFC 3849). The namespace has only the loopback device.
    let v4: SocketAddr = ([192, 0, 2, 1], 80).into();
    assert_fails(&actor.connect(Open::inet(), v4)?, libc::ENETUNREACH);
    if host::has_ipv6() {
        let v6: SocketAddr = ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 80).into();
        assert_fails(&actor.connect(Open::inet6(), v6)?, libc::ENETUNREACH);
        let mapped: SocketAddr = ([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201], 80).into();
        assert_fails(&actor.connect(Open::inet6().v6only(false), mapped)?, libc::ENETUNREACH);
    }
    let flows = control(&mut actor)?;
    watch.assert_saw(&flows)
}

fn address_of_another_family(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let (_, address) = actor.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    assert_fails(&actor.connect(Open::inet(), mapped(address.port()))?, libc::EAFNOSUPPORT);
    if host::has_ipv6() {
        // A sockaddr_in is too short for it.
        assert_fails(&actor.connect(Open::inet6(), address)?, libc::EINVAL);
    }
    let flows = control(&mut actor)?;
    watch.assert_saw(&flows)
}

fn socket_that_is_connected_or_connecting(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, full) = server.listen_with(Open::inet().bind(v4(0)), 0)?;
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let filled = client.connect(Open::inet(), full)?;
    let waiting = client.connect(Open::inet().nonblocking(true), full)?;
    assert_fails(&waiting, libc::EINPROGRESS);
    assert_fails(&client.connect_socket(waiting.socket, full)?, libc::EALREADY);
    assert_fails(&client.connect_socket(filled.socket, address)?, libc::EISCONN);
    let (listener, other) = client.listen(Open::inet().bind(v4(0)))?;
    assert_fails(&client.connect_socket(listener, other)?, libc::EISCONN);
    let mut flows = vec![filled, waiting];
    flows.extend(control(&mut client)?);
    watch.assert_saw(&flows)
}

/// As CRIU restores a process: the socket is connected, and no segment is sent.
fn connection_that_is_restored(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let mut watch = session.watch()?;
    let mut restored = vec![actor.connect(Open::inet().repair().bind(v4(0)), v4(1))?];
    if host::has_ipv6() {
        restored.push(actor.connect(Open::inet6().repair().bind(mapped(0)), mapped(1))?);
    }
    assert!(restored.iter().all(|flow| flow.error.is_none()), "the test is wrong: {restored:?}");
    let flows = control(&mut actor)?;
    watch.assert_saw(&flows)
}

fn accept_that_fails(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let (listener, address) = actor.listen(Open::inet().nonblocking(true).bind(v4(0)))?;
    let (no_listener, _) = actor.open(Open::inet())?;
    let mut watch = session.watch()?;
    assert_eq!(actor.try_accept(listener)?.err(), Some(libc::EAGAIN));
    assert_eq!(actor.try_accept(no_listener)?.err(), Some(libc::EINVAL));
    let connected = actor.connect(Open::inet(), address)?;
    // The connection waits, but there is no descriptor for it.
    actor.perform(&Command::LimitDescriptors(0))?;
    assert_eq!(actor.try_accept(listener)?.err(), Some(libc::EMFILE));
    actor.perform(&Command::LimitDescriptors(1024))?;
    watch.assert_saw_of(&[actor.pid], std::slice::from_ref(&connected))?;
    let accepted = actor.accept(listener)?;
    watch.assert_saw(&[connected, accepted])
}

fn sockets_that_are_not_tcp(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let mut watch = session.watch()?;
    actor.perform(&Command::NotTcp)?;
    let flows = control(&mut actor)?;
    watch.assert_saw(&flows)
}
