//! TCP Fast Open: the SYN of a connect can carry the first data. The event comes with the SYN.

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Open, mapped, v4};
use crate::enter::Enter;
use crate::host;
use crate::outcome::Outcome;
use crate::session::Session;

scenarios![deferred_until_the_first_data, sent_with_the_data];

/// An actor in a network namespace where clients and servers use Fast Open without the cookie of an earlier connection.
fn start() -> Outcome<Actor> {
    // Documentation/networking/ip-sysctl.rst: client, server, client without cookie, server without cookie.
    const EVERYTHING: u32 = 0x1 | 0x2 | 0x4 | 0x200;
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    actor.set_sysctl("net/ipv4/tcp_fastopen", &EVERYTHING.to_string())?;
    Ok(actor)
}

fn deferred_until_the_first_data(session: &Session) -> Outcome {
    let mut actor = start()?;
    let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    let mut targets = vec![(Open::inet(), address)];
    if host::has_ipv6() {
        targets.push((Open::inet6().v6only(false), mapped(address.port())));
    }
    for (open, to) in targets {
        let deferred = actor.connect(open.deferred(), to)?;
        assert_eq!(deferred.error, None);
        watch.assert_saw_of(&[actor.pid], &flows)?;
        let sent = actor.send(deferred.socket)?;
        assert_eq!(sent.local.port(), deferred.local.port());
        flows.push(sent.named(format!("the first data to {to}")));
        flows.push(actor.accept(listener)?);
        actor.send(deferred.socket)?;
        watch.assert_saw(&flows)?;
    }
    Ok(())
}

fn sent_with_the_data(session: &Session) -> Outcome {
    let mut actor = start()?;
    let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    let (socket, _) = actor.open(Open::inet())?;
    let connected = actor.send_to(socket, address)?;
    assert_eq!(connected.error, None);
    let accepted = actor.accept(listener)?;
    watch.assert_saw(&[connected, accepted])
}
