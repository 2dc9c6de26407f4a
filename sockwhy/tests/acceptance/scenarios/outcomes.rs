//! What becomes of connections: each attempt is answered or fails, each life ends, once. What is expected is what the
//! program itself got from its calls.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::attempts::full_listener;
use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, How, Open, v4};
use crate::event::Event;
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::session::{Session, catch_up};
use crate::tracer::Tracer;

scenarios![answered_and_closed, reset, refused, given_up, killed_while_connecting, failed_alone, reset_before_accept];

/// Traces this process and `others`, for these kinds of event.
fn trace(session: &Session, kinds: &[&str], others: &[u32]) -> Outcome<Tracer> {
    if host::cgroup2().is_none() {
        return Err(Stop::skipped("outcomes need the root of cgroup v2"));
    }
    let arguments = kinds.iter().flat_map(|kind| ["--event", kind]);
    let pids = others.iter().copied().chain([std::process::id()]);
    Ok(session.trace().arguments(arguments).pids(pids).start()?)
}

/// The events of the connection from this port, once `count` of them have come and nothing more is on its way.
fn events(tracer: &Tracer, port: u16, count: usize) -> Outcome<Vec<Event>> {
    let is_end =
        |event: &Event| event.int("local_port") == Some(port.into()) || event.int("peer_port") == Some(port.into());
    let of_port = |lines: &[String]| lines.iter().filter_map(|line| Event::parse(line).ok()).filter(is_end).count();
    tracer.wait_for("the outcomes", |lines| of_port(lines) >= count)?;
    catch_up(tracer)?;
    let events: Vec<_> = tracer.events_with(&[port.into()])?.into_iter().filter(|event| is_end(event)).collect();
    assert_eq!(events.len(), count, "{events:#?}");
    Ok(events)
}

/// The only event of this kind at the socket whose own port this is.
fn only<'a>(events: &'a [Event], kind: &str, port: u16) -> Outcome<&'a Event> {
    let is_it = |event: &&Event| event.str("event") == kind && event.int("local_port") == Some(port.into());
    let found: Vec<_> = events.iter().filter(is_it).collect();
    match found[..] {
        [one] => Ok(one),
        _ => Err(Stop::failed(format!("{} events {kind} on port {port}: {events:#?}", found.len()))),
    }
}

/// Asserts that the event has these values.
fn assert_is(event: &Event, expected: &[(&str, serde_json::Value)]) {
    for (field, value) in expected {
        assert_eq!(event.get(field), value, "{field}: {event}");
    }
}

/// A listener, and an address where nobody listens and nobody else can.
fn listen() -> Outcome<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn answered_and_closed(session: &Session) -> Outcome {
    let tracer = trace(session, &["all"], &[])?;
    let (listener, address) = listen()?;
    let begin = Instant::now();
    let mut client = TcpStream::connect(address)?;
    let handshake = begin.elapsed();
    let (mut server, peer) = listener.accept()?;
    client.write_all(b"hello")?;
    server.read_exact(&mut [0; 5])?;
    server.write_all(&vec![7; 50_000])?;
    client.read_exact(&mut vec![0; 50_000])?;
    drop(client);
    assert_eq!(server.read(&mut [0])?, 0, "the client has closed");
    drop(server);
    let life = begin.elapsed();

    let events = events(&tracer, peer.port(), 5)?;
    let established = only(&events, "established", peer.port())?;
    assert!(
        established.int("handshake_ns").is_some_and(|time| Duration::from_nanos(time) <= handshake),
        "{established}"
    );
    assert_is(established, &[("syn_retransmits", 0.into())]);
    let ends = [(peer.port(), "client", 5, 50_000, "local"), (address.port(), "server", 50_000, 5, "peer")];
    for (port, role, sent, received, closed_by) in ends {
        let closed = only(&events, "closed", port)?;
        assert_is(
            closed,
            &[
                ("role", role.into()),
                ("bytes_sent", sent.into()),
                ("bytes_received", received.into()),
                ("retransmits", 0.into()),
                ("closed_by", closed_by.into()),
                ("error", ().into()),
                ("pid", std::process::id().into()),
            ],
        );
        assert!(closed.int("duration_ns").is_some_and(|time| Duration::from_nanos(time) <= life), "{closed}");
        let opened = only(&events, if role == "client" { "connect" } else { "accept" }, port)?;
        for field in ["cookie", "family", "label", "local_addr", "peer_addr", "why", "process"] {
            assert_eq!(closed.get(field), opened.get(field), "{field}: {closed}");
        }
    }
    Ok(())
}

fn reset(session: &Session) -> Outcome {
    let tracer = trace(session, &["all"], &[])?;
    let (listener, address) = listen()?;
    let mut client = TcpStream::connect(address)?;
    let (server, peer) = listener.accept()?;
    // Closing with a linger time of 0 sends a RST (`tcp_close()`).
    let server = Socket::from(server);
    server.set_linger(Some(Duration::ZERO))?;
    drop(server);
    assert_eq!(client.read(&mut [0]).map_err(|error| error.raw_os_error()), Err(Some(libc::ECONNRESET)));
    drop(client);
    let events = events(&tracer, peer.port(), 5)?;
    assert_is(only(&events, "closed", address.port())?, &[("closed_by", "reset_sent".into()), ("error", ().into())]);
    assert_is(
        only(&events, "closed", peer.port())?,
        &[("closed_by", "reset_received".into()), ("error", "ECONNRESET".into())],
    );
    Ok(())
}

/// A port that is taken and nobody listens on.
fn nobody() -> Outcome<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket().ok_or_else(|| Stop::failed("it has an address"))?;
    Ok((socket, address))
}

fn refused(session: &Session) -> Outcome {
    let tracer = trace(session, &["all"], &[])?;
    let (_nobody, address) = nobody()?;
    let begin = Instant::now();
    let error = TcpStream::connect(address).err().and_then(|error| error.raw_os_error());
    let elapsed = begin.elapsed();
    assert_eq!(error, Some(libc::ECONNREFUSED));
    let events = events(&tracer, address.port(), 2)?;
    let port = events[0].int("local_port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    assert_eq!(events[0].str("event"), "connect");
    let failed = only(&events, "failed", port)?;
    assert_is(
        failed,
        &[
            ("error", "ECONNREFUSED".into()),
            ("errno", 111.into()),
            ("syn_sent", true.into()),
            ("syn_retransmits", 0.into()),
            ("reason", format!("nobody listens on {address}, or a firewall refuses the connection").into()),
            ("cookie", events[0].get("cookie").clone()),
        ],
    );
    assert!(failed.int("elapsed_ns").is_some_and(|time| Duration::from_nanos(time) <= elapsed), "{failed}");
    Ok(())
}

fn given_up(session: &Session) -> Outcome {
    let (mut client, mut server, mut filler) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let (_, port) = full_listener(&mut server, &mut filler)?;
    let tracer = trace(session, &["all"], &[client.pid])?;
    let flow = client.connect(Open::inet().nonblocking(true), v4(port))?;
    assert_eq!(flow.error, Some(libc::EINPROGRESS));
    client.perform(&Command::Close(flow.socket))?;
    let events = events(&tracer, flow.local.port(), 2)?;
    assert_is(
        only(&events, "failed", flow.local.port())?,
        &[
            ("error", ().into()),
            ("errno", ().into()),
            ("reason", "given up by its owner".into()),
            ("pid", client.pid.into()),
        ],
    );
    Ok(())
}

fn killed_while_connecting(session: &Session) -> Outcome {
    let (mut client, mut server, mut filler) = (Actor::start()?, Actor::start()?, Actor::start()?);
    let (_, port) = full_listener(&mut server, &mut filler)?;
    let tracer = trace(session, &["all"], &[client.pid])?;
    let (socket, _) = client.open(Open::inet())?;
    client.begin(&Command::Connect { socket, to: v4(port), how: How::default() })?;
    client.wait_blocked(libc::SYS_connect, 1)?;
    let pid = client.pid;
    // Kills it.
    drop(client);
    let events = events(&tracer, port, 2)?;
    let own = events[0].int("local_port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    assert_is(only(&events, "failed", own)?, &[("error", ().into()), ("pid", pid.into())]);
    Ok(())
}

fn failed_alone(session: &Session) -> Outcome {
    let tracer = session.trace().arguments(["--event", "failed"]).pids([std::process::id()]);
    if host::cgroup2().is_none() {
        return Err(Stop::skipped("outcomes need the root of cgroup v2"));
    }
    let tracer = tracer.start()?;
    let (listener, address) = listen()?;
    let _ends = (TcpStream::connect(address)?, listener.accept()?);
    let (_nobody, address) = nobody()?;
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
    tracer.wait_for("the failure", |lines| {
        lines.iter().any(|line| line.contains(&format!("\"peer_port\":{}", address.port())))
    })?;
    let finished = tracer.stop()?;
    let kinds: Vec<_> = finished.events.iter().map(|event| event.str("event")).collect();
    assert_eq!(kinds, ["failed"]);
    Ok(())
}

/// The end of a connection comes before its accept.
fn reset_before_accept(session: &Session) -> Outcome {
    let tracer = trace(session, &["all"], &[])?;
    let (listener, address) = listen()?;
    let client = Socket::from(TcpStream::connect(address)?);
    let port = client.local_addr()?.as_socket().map(|address| address.port()).unwrap_or_default();
    client.set_linger(Some(Duration::ZERO))?;
    drop(client);
    let (server, _) = listener.accept()?;
    drop(server);
    let events = events(&tracer, port, 5)?;
    assert_is(only(&events, "closed", address.port())?, &[("closed_by", "reset_received".into())]);
    Ok(())
}
