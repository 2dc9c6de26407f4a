//! Every mixture of listener, client and blocking mode: one connect for each attempt, one accept for each connection,
//! with the right family and label.

use super::scenarios;
use crate::actor::Actor;
use crate::kinds::Listener;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::{host, traffic};

scenarios![
    clients_of_an_inet_listener,
    clients_of_a_dual_stack_listener,
    clients_of_a_v6only_listener,
    clients_of_a_listener_on_the_ipv6_loopback,
    clients_of_a_listener_on_a_mapped_address,
];

fn clients_of_an_inet_listener(session: &Session) -> Outcome {
    clients_of(session, Listener::Inet)
}

fn clients_of_a_dual_stack_listener(session: &Session) -> Outcome {
    host::require_ipv6()?;
    clients_of(session, Listener::DualStack)
}

fn clients_of_a_v6only_listener(session: &Session) -> Outcome {
    host::require_ipv6()?;
    clients_of(session, Listener::V6Only)
}

fn clients_of_a_listener_on_the_ipv6_loopback(session: &Session) -> Outcome {
    host::require_ipv6()?;
    clients_of(session, Listener::Loopback6)
}

fn clients_of_a_listener_on_a_mapped_address(session: &Session) -> Outcome {
    host::require_ipv6()?;
    clients_of(session, Listener::Mapped)
}

fn clients_of(session: &Session, listener: Listener) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let mut watch = session.watch()?;
    let flows = traffic::with_listener(listener, &mut client, &mut server)?;
    watch.assert_saw_of(&[client.pid, server.pid], &flows)
}
