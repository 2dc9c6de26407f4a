//! The choice of the backend, and hosts that offer less.

use super::scenarios;
use crate::actor::Actor;
use crate::backend::Backend;
use crate::flow::assert_same;
use crate::kinds::Listener;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::trace::Trace;
use crate::traffic;
use crate::variant::{Variant, without_sock_ops};

scenarios![best_backend_by_itself, without_tracefs_and_cgroup2];

/// `--backend auto` takes the first backend that works.
fn best_backend_by_itself(_: &Session) -> Outcome {
    let best = Backend::ALL.into_iter().find(|backend| backend.is_available());
    let line = Trace::auto().start()?.first_line();
    let named: Vec<_> = Backend::ALL.into_iter().filter(|backend| line.contains(&backend.to_string())).collect();
    assert_eq!(named, best.into_iter().collect::<Vec<_>>(), "{line}");
    Ok(())
}

fn without_tracefs_and_cgroup2(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let mut enter = Variant::without_either().enter;
    if session.backend != Backend::Tracepoint {
        // These backends do not use tracefs, but kprobes may need the capability to mount it
        // (`kernel.perf_event_paranoid`).
        enter.capabilities = None;
    }
    let tracer = session.trace().enter(enter).pids([client.pid, server.pid]).start()?;
    let flows = traffic::with_listener(Listener::Inet, &mut client, &mut server)?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    let flows = if session.backend == Backend::Tracepoint { without_sock_ops(flows) } else { flows };
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}
