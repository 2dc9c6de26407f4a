//! The tracepoint backend on hosts that offer less: no tracefs, no cgroup v2, or neither. It sees the same there.

use std::path::{Path, PathBuf};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, How, Open, Via, mapped, v4};
use crate::enter::Enter;
use crate::flow::{Flow, assert_same};
use crate::kinds::Listener;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::tracer::Tracer;
use crate::variant::{Variant, without_sock_ops};
use crate::{host, traffic};

scenarios![
    mixture_with_tracefs,
    mixture_with_tracefs_unmounted,
    mixture_in_a_chroot,
    mixture_without_tracefs,
    mixture_without_cgroup2,
    mixture_without_either,
    accepts_that_were_blocked_without_tracefs,
    attempts_that_fail_without_cgroup2,
    attempts_without_an_answer_without_cgroup2,
    fast_open_without_cgroup2,
    mptcp_without_cgroup2,
];

fn mixture(session: &Session, variant: Variant) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let hidden = variant.enter.hide.clone();
    let tracer = session.trace().enter(variant.enter).pids([client.pid, server.pid]).start()?;
    assert_hidden(&tracer, &hidden)?;
    let hooks = tracer.hooks()?;
    let has = |hook: &str| hooks.iter().any(|name| name == hook);
    assert_eq!(has("sys_exit"), !variant.tracefs, "{}, hooks: {hooks:?}", variant.name);
    assert_eq!(has("cgroup"), variant.cgroup2, "{}, hooks: {hooks:?}", variant.name);
    let mut flows = traffic::mixture(&mut client, &mut server)?;
    if !variant.cgroup2 {
        flows = without_sock_ops(flows);
    }
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

fn mixture_with_tracefs(session: &Session) -> Outcome {
    mixture(session, Variant::with_tracefs())
}

fn mixture_with_tracefs_unmounted(session: &Session) -> Outcome {
    mixture(session, Variant::with_tracefs_unmounted())
}

fn mixture_in_a_chroot(session: &Session) -> Outcome {
    mixture(session, Variant::in_a_chroot())
}

/// sockwhy has unmounted what it mounted to attach: tracefs is hidden as before.
fn assert_hidden(tracer: &Tracer, folders: &[PathBuf]) -> Outcome {
    let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", tracer.pid()))?;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        // "36 35 98:0 /root /mount/point options optional fields - type source options": proc(5).
        let is_there = |line: &&str| line.split(' ').nth(4).is_some_and(|place| Path::new(place) == folder);
        let last = mounts.lines().rfind(is_there);
        assert!(last.is_some_and(|line| line.contains(" - tmpfs ")), "{}: {last:?}", folder.display());
    }
    Ok(())
}

fn mixture_without_tracefs(session: &Session) -> Outcome {
    mixture(session, Variant::without_tracefs())
}

fn mixture_without_cgroup2(session: &Session) -> Outcome {
    mixture(session, Variant::without_cgroup2())
}

fn mixture_without_either(session: &Session) -> Outcome {
    mixture(session, Variant::without_either())
}

fn accepts_that_were_blocked_without_tracefs(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let open = if host::has_ipv6() { Listener::DualStack.open() } else { Listener::Inet.open() };
    let (listener, address) = server.listen(open)?;
    server.begin_accept(listener, Via::Accept4)?;
    let tracer = session.trace().enter(Variant::without_tracefs().enter).pids([server.pid]).start()?;
    client.connect(Open::inet(), v4(address.port()))?;
    let first = Flow { was_blocked: true, ..server.flow()? };
    client.connect(Open::inet(), v4(address.port()))?;
    let second = server.accept(listener)?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &[first, second], session.backend);
    Ok(())
}

/// Runs `act` under a tracer without cgroup v2, and asserts that it sees exactly the flows that `act` returns.
fn without_cgroup2(
    session: &Session,
    actor: &mut Actor,
    act: impl FnOnce(&mut Actor) -> Outcome<Vec<Flow>>,
) -> Outcome {
    let tracer = session.trace().enter(Variant::without_cgroup2().enter).pids([actor.pid]).start()?;
    let flows = without_sock_ops(act(actor)?);
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

fn attempts_that_fail_without_cgroup2(session: &Session) -> Outcome {
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    without_cgroup2(session, &mut actor, |actor| {
        let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
        let first = actor.connect(Open::inet().reuse_addr().bind(v4(0)), address)?;
        let accepted = actor.accept(listener)?;
        let same = actor.connect(Open::inet().reuse_addr().bind(first.local), address)?;
        assert_eq!(same.error, Some(libc::EADDRNOTAVAIL));
        let no_route = actor.connect(Open::inet(), ([192, 0, 2, 1], 80).into())?;
        assert_eq!(no_route.error, Some(libc::ENETUNREACH));
        if host::has_ipv6() {
            let v6only = actor.connect(Open::inet6().v6only(true), mapped(address.port()))?;
            assert_eq!(v6only.error, Some(libc::ENETUNREACH));
        }
        // One that is restored is connected without a segment.
        let restored = actor.connect(Open::inet().repair().bind(v4(0)), v4(1))?;
        assert_eq!(restored.error, None);
        // The socket that failed can still connect.
        let again = actor.connect_socket(no_route.socket, address)?;
        assert_eq!(again.error, None);
        Ok(vec![first, accepted, again])
    })
}

fn attempts_without_an_answer_without_cgroup2(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen_with(Open::inet().bind(v4(0)), 0)?;
    without_cgroup2(session, &mut client, |client| {
        let filler = client.connect(Open::inet(), address)?;
        let (socket, _) = client.open(Open::inet())?;
        client.begin(&Command::Connect { socket, to: address, how: How::default() })?;
        client.wait_blocked(libc::SYS_connect, 1)?;
        // Its SYN is sent again until the queue has room.
        server.accept(listener)?;
        let waited = client.flow()?;
        assert_eq!(waited.error, None);
        let (_, full) = server.listen_with(Open::inet().bind(v4(0)), 0)?;
        let second_filler = client.connect(Open::inet(), full)?;
        let unanswered = client.connect(Open::inet().nonblocking(true), full)?;
        client.perform(&Command::Close(unanswered.socket))?;
        Ok(vec![filler, waited, second_filler, unanswered])
    })
}

fn fast_open_without_cgroup2(session: &Session) -> Outcome {
    let mut actor = Actor::start_in(&Enter { network: true, ..Enter::default() })?;
    // For clients and servers, and without the cookie of an earlier connection.
    actor.set_sysctl("net/ipv4/tcp_fastopen", "519")?;
    without_cgroup2(session, &mut actor, |actor| {
        let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
        let never_sent = actor.connect(Open::inet().deferred(), address)?;
        assert_eq!(never_sent.error, None);
        let deferred = actor.connect(Open::inet().deferred(), address)?;
        let sent = actor.send(deferred.socket)?;
        Ok(vec![sent, actor.accept(listener)?])
    })
}

fn mptcp_without_cgroup2(session: &Session) -> Outcome {
    host::require_mptcp()?;
    let mut actor = Actor::start()?;
    without_cgroup2(session, &mut actor, |actor| {
        let (listener, address) = actor.listen(Open::inet().mptcp().bind(v4(0)))?;
        Ok(vec![actor.connect(Open::inet().mptcp(), address)?, actor.accept(listener)?])
    })
}
