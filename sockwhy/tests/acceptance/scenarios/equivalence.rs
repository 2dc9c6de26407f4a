//! Every backend reports the same connections alike: several trace at once, and their events are compared field by
//! field.

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, How, Open, Via, v4};
use crate::backend::Backend;
use crate::event::Event;
use crate::flow::Flow;
use crate::kinds::Client;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;
use crate::trace::Trace;
use crate::variant::Variant;
use crate::{host, traffic};

scenarios![the_same_as_from_tracepoint];

/// Flows that the mixture does not have, in their order.
fn others(client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    let mut flows = Vec::new();
    let (_, nobody) = server.open(Open::inet().bind(v4(0)))?;
    for kind in Client::all() {
        flows.push(client.connect(kind.open(), kind.target(nobody.port()))?.named("refused"));
    }
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let in_thread = How { thread: Some(b"a thread".to_vec()), ..How::default() };
    let (socket, _) = client.open(Open::inet())?;
    flows.push(client.connect_how(socket, address, in_thread.clone())?.named("in a thread"));
    flows.push(server.accept_how(listener, How { via: Via::Accept4, ..in_thread })?.named("in a thread"));
    let gone = client.connect(Open::inet(), address)?;
    client.perform(&Command::Reset(gone.socket))?;
    flows.push(gone.named("reset"));
    flows.push(server.accept(listener)?.named("gone already"));
    let (socket, _) = client.open(Open::inet())?;
    flows.push(client.connect_how(socket, address, How { via: Via::Uring, ..How::default() })?.named("io_uring"));
    flows.push(server.accept(listener)?);
    if host::require_mptcp().is_ok() {
        let (listener, address) = server.listen(Open::inet().mptcp().bind(v4(0)))?;
        flows.push(client.connect(Open::inet().mptcp(), address)?.named("MPTCP"));
        flows.push(server.accept(listener)?.named("MPTCP"));
    } else {
        eprintln!("n/a: MPTCP, which this kernel lacks");
    }
    Ok(flows)
}

/// Compares with the tracepoint backend, and that one with itself on hosts that offer more or less.
fn the_same_as_from_tracepoint(session: &Session) -> Outcome {
    let reference = Backend::Tracepoint;
    let mut traces = vec![(session.backend.to_string(), session.trace())];
    if session.backend == reference {
        let trace = |variant: Variant| (format!("tracepoint {}", variant.name), session.trace().enter(variant.enter));
        traces.extend(Variant::all().map(trace));
    } else {
        eprintln!("n/a: accepts through io_uring, which the tracepoint backend cannot see");
        traces.push((reference.to_string(), Trace::new(reference)));
    }

    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let mut running = Vec::new();
    for (name, trace) in traces {
        running.push((name, trace.pids([client.pid, server.pid]).start()?));
    }
    let mut flows = traffic::mixture(&mut client, &mut server)?;
    flows.extend(others(&mut client, &mut server)?);
    let mut streams = Vec::new();
    for (name, tracer) in running {
        let finished = tracer.stop()?;
        finished.assert_well()?;
        streams.push((name, finished.events));
    }

    let (first, others) = streams.split_first().ok_or_else(|| Stop::failed("there are no streams"))?;
    assert_eq!(first.1.len(), flows.len());
    for other in others {
        assert_eq!(other.1.len(), flows.len(), "{} and {}", first.0, other.0);
        for ((one, another), flow) in first.1.iter().zip(&other.1).zip(&flows) {
            let names = format!("{} and {}: {}", first.0, other.0, flow.name);
            assert_eq!(comparable(one, another, session.backend), comparable(another, one, session.backend), "{names}");
        }
    }
    Ok(())
}

/// The fields of `event` that must be those of `other`.
fn comparable(event: &Event, other: &Event, backend: Backend) -> Vec<(&'static str, String)> {
    let is_compared = |field: &str| match field {
        "time" => false,
        "cookie" => event.int("cookie").is_some() && other.int("cookie").is_some(),
        _ => true,
    };
    let value = |field: &'static str| match (field, event.str("event")) {
        // The first clause names the listener, where it is known.
        ("why", "accept") if !backend.knows_listener() => {
            event.str("why").split_once(';').map_or(String::new(), |(_, rest)| rest.to_owned())
        }
        _ => event.get(field).to_string(),
    };
    Event::fields().filter(|field| is_compared(field)).map(|field| (field, value(field))).collect()
}
