//! How a trace ends, and what it says then.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::Signal;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Open, v4};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;
use crate::tracer::summary;

scenarios![
    count,
    duration,
    interrupted,
    terminated,
    pipe_closed,
    pipe_not_read,
    traced_process_gone,
    process_that_does_not_exist,
];

/// Connects this many times.
fn connect(actor: &mut Actor, times: usize) -> Outcome {
    let (_, address) = actor.listen_with(Open::inet().bind(v4(0)), 4096)?;
    for _ in 0..times {
        let flow = actor.connect(Open::inet(), address)?;
        assert_eq!(flow.error, None);
    }
    Ok(())
}

fn count(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let tracer = session.trace().pids([actor.pid]).arguments(["--count", "3"]).start()?;
    connect(&mut actor, 10)?;
    let finished = tracer.finish()?;
    assert_eq!(finished.events.len(), 3);
    finished.assert_well()
}

fn duration(session: &Session) -> Outcome {
    session.trace().arguments(["--duration", "0.5"]).start()?.finish()?.assert_well()
}

fn interrupted(session: &Session) -> Outcome {
    ended_by(session, Signal::INT)
}

fn terminated(session: &Session) -> Outcome {
    ended_by(session, Signal::TERM)
}

/// What happened before the signal is shown, though nobody waited for it.
fn ended_by(session: &Session, signal: Signal) -> Outcome {
    let mut actor = Actor::start()?;
    let tracer = session.trace().pids([actor.pid]).start()?;
    connect(&mut actor, 100)?;
    tracer.signal(signal)?;
    let finished = tracer.finish()?;
    assert_eq!(finished.events.len(), 100);
    finished.assert_well()
}

/// `sockwhy trace | head -3`
fn pipe_closed(session: &Session) -> Outcome {
    for text in [false, true] {
        let mut actor = Actor::start()?;
        let (reader, writer) = std::io::pipe()?;
        let mut trace = session.trace().pids([actor.pid]).output(Stdio::from(writer));
        if text {
            trace = trace.text();
        }
        let tracer = trace.start()?;
        connect(&mut actor, 10)?;
        let mut lines = BufReader::new(reader).lines();
        for _ in 0..3 {
            lines.next().ok_or_else(|| Stop::failed("no lines"))??;
        }
        drop(lines);
        connect(&mut actor, 10)?;
        let finished = tracer.finish()?;
        assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
        // The first line, and perhaps a summary.
        let unexpected =
            finished.stderr.lines().find(|line| !line.starts_with("sockwhy: tracing") && summary(line).is_err());
        assert_eq!(unexpected, None);
    }
    Ok(())
}

/// A full pipe that nobody reads: SIGINT still ends the trace, and every event is counted.
fn pipe_not_read(session: &Session) -> Outcome {
    const EVENTS: usize = 1000;
    let mut actor = Actor::start()?;
    let (reader, writer) = std::io::pipe()?;
    let tracer = session.trace().pids([actor.pid]).output(Stdio::from(writer)).start()?;
    connect(&mut actor, EVENTS)?;
    let finished = tracer.stop()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let (shown, lost) = finished.summary()?;
    assert_eq!(shown + lost, EVENTS, "{}", finished.stderr);
    let lines = BufReader::new(reader).lines().count();
    assert!(lines < EVENTS, "the pipe is larger than the test thinks");
    assert!(shown <= lines, "{shown} shown, {lines} in the pipe");
    Ok(())
}

fn traced_process_gone(session: &Session) -> Outcome {
    let (mut first, mut second) = (Actor::start()?, Actor::start()?);
    let tracer = session.trace().pids([first.pid, second.pid]).start()?;
    connect(&mut first, 1)?;
    first.exit()?;
    connect(&mut second, 1)?;
    tracer.wait_for("the other process's connect", |lines| lines.len() == 2)?;
    second.exit()?;
    tracer.stop()?.assert_well()
}

fn process_that_does_not_exist(session: &Session) -> Outcome {
    let actor = Actor::start()?;
    let pid = actor.pid;
    actor.exit()?;
    let Err(refusal) = session.trace().pids([pid]).start() else {
        return Err(Stop::failed("it traces a process that does not exist"));
    };
    assert_eq!(refusal.code, Some(1), "{refusal}");
    assert!(refusal.stderr.contains(&pid.to_string()), "{refusal}");
    assert_eq!(refusal.stderr.lines().count(), 2, "one says why, and one what to do: {refusal}");
    Ok(())
}
