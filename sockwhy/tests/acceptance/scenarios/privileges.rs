//! Which capabilities tracing needs, and what sockwhy says where they are missing.

use std::fs;

use rustix::thread::CapabilitySet;

use super::scenarios;
use crate::actor::Actor;
use crate::backend::Backend;
use crate::enter::Enter;
use crate::flow::assert_same;
use crate::outcome::{Outcome, Stop};
use crate::program::{Copy, NOBODY, program};
use crate::session::Session;
use crate::traffic;
use crate::variant::without_sock_ops;

scenarios![
    ordinary_user,
    ordinary_user_with_two_capabilities,
    ordinary_user_with_three_capabilities,
    without_cap_bpf,
    without_cap_perfmon,
    root_without_other_capabilities,
    root_with_all_but_one_capability,
    root_without_any_capability,
];

fn only(user: Option<u32>, capabilities: CapabilitySet) -> Enter {
    Enter { user, capabilities: Some(capabilities.bits()), ..Enter::default() }
}

/// On Debian's kernels, above level 2 only `CAP_SYS_ADMIN` may use `perf_event_open`, which kprobes need.
fn kprobes_are_for_admins() -> bool {
    let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").unwrap_or_default();
    level.trim().parse().is_ok_and(|level: i32| level > 2)
}

/// Asserts that tracing works, with the mixture of all connections.
fn assert_works(session: &Session, user: Option<u32>, capabilities: CapabilitySet) -> Outcome {
    let enter = only(user, capabilities);
    let is_admin = capabilities.contains(CapabilitySet::SYS_ADMIN);
    if session.backend == Backend::Kprobe && kprobes_are_for_admins() && !is_admin {
        return assert_refused(session, enter, &["perf_event_paranoid"]);
    }
    let copy = Copy::of(&program())?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let trace = session.trace().program(copy.program()).enter(enter).pids([client.pid, server.pid]);
    let tracer = trace.start()?;
    let flows = traffic::mixture(&mut client, &mut server)?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    let may_sock_ops = session.backend != Backend::Tracepoint || capabilities.contains(CapabilitySet::NET_ADMIN);
    let flows = if may_sock_ops { flows } else { without_sock_ops(flows) };
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

/// Asserts exit code 3, that exactly the missing capabilities are named, and that a command to paste comes last.
fn assert_refused(session: &Session, enter: Enter, missing: &[&str]) -> Outcome {
    let copy = Copy::of(&program())?;
    let Err(refusal) = session.trace().program(copy.program()).enter(enter).start() else {
        return Err(Stop::failed("it traces without them"));
    };
    assert_eq!(refusal.code, Some(3), "{refusal}");
    for name in ["CAP_BPF", "CAP_PERFMON", "perf_event_paranoid"] {
        let first = refusal.stderr.lines().next().unwrap_or_default();
        assert_eq!(first.contains(name), missing.contains(&name), "{name}: {refusal}");
    }
    let last = refusal.stderr.lines().last().unwrap_or_default();
    let commands = ["sudo ", "docker run "];
    assert!(commands.iter().any(|command| last.contains(command)), "no command to paste: {refusal}");
    assert!(refusal.stderr.lines().count() <= 2, "{refusal}");
    Ok(())
}

fn ordinary_user(session: &Session) -> Outcome {
    let enter = Enter { user: Some(NOBODY), ..Enter::default() };
    assert_refused(session, enter, &["CAP_BPF", "CAP_PERFMON"])
}

fn ordinary_user_with_two_capabilities(session: &Session) -> Outcome {
    assert_works(session, Some(NOBODY), CapabilitySet::BPF | CapabilitySet::PERFMON)
}

/// The third is for `sock_ops`, which the tracepoint backend prefers.
fn ordinary_user_with_three_capabilities(session: &Session) -> Outcome {
    assert_works(session, Some(NOBODY), CapabilitySet::BPF | CapabilitySet::PERFMON | CapabilitySet::NET_ADMIN)
}

fn without_cap_bpf(session: &Session) -> Outcome {
    assert_refused(session, only(Some(NOBODY), CapabilitySet::PERFMON | CapabilitySet::NET_ADMIN), &["CAP_BPF"])
}

fn without_cap_perfmon(session: &Session) -> Outcome {
    assert_refused(session, only(Some(NOBODY), CapabilitySet::BPF | CapabilitySet::NET_ADMIN), &["CAP_PERFMON"])
}

fn root_without_other_capabilities(session: &Session) -> Outcome {
    assert_works(session, None, CapabilitySet::BPF | CapabilitySet::PERFMON)
}

/// `CAP_SYS_ADMIN` includes the others, and they replace it.
fn root_with_all_but_one_capability(session: &Session) -> Outcome {
    for one in [CapabilitySet::SYS_ADMIN, CapabilitySet::NET_ADMIN, CapabilitySet::BPF, CapabilitySet::PERFMON] {
        // No program can have more than the tests have themselves.
        let all = rustix::thread::capabilities(None)?.permitted;
        assert_works(session, None, all.difference(one))?;
    }
    Ok(())
}

fn root_without_any_capability(session: &Session) -> Outcome {
    assert_refused(session, only(None, CapabilitySet::empty()), &["CAP_BPF", "CAP_PERFMON"])
}
