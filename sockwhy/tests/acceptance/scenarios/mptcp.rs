//! MPTCP: one event for each connection that the application makes or accepts, whatever becomes of it underneath.

use super::scenarios;
use crate::{
    actor::{
        Actor,
        command::{Open, Via, mapped, v4},
    },
    flow::{Flow, assert_same},
    host,
    outcome::Outcome,
    session::Session,
};

scenarios![
    connected_and_accepted,
    client_that_speaks_tcp,
    server_that_speaks_tcp,
    accept_that_was_blocked_before_the_tracer_came,
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
        flows.push(connected.called(format!("connect of the {what}")));
        flows.push(server.accept(listener)?.called(format!("accept of the {what}")));
    }
    watch.assert_saw(&flows)
}

fn client_that_speaks_tcp(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().mptcp().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let connected = client.connect(Open::inet(), address)?;
    // From an MPTCP listener comes a TCP socket where the client asks for no more.
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
