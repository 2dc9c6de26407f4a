//! Many connections at once: no event is lost without being counted.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek};

use rustix::process::Signal;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::Command;
use crate::event::Event;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![the_shared_tracer_lost_nothing, nothing_is_lost, what_a_small_buffer_loses_is_counted];

/// Ends the tracer that the tests before have shared. It would only slow down the storms.
fn the_shared_tracer_lost_nothing(session: &Session) -> Outcome {
    let finished = session.stop()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let (shown, lost) = finished.summary()?;
    assert!(shown > 0);
    assert_eq!(lost, 0, "{}", finished.stderr);
    Ok(())
}

const BURSTS: usize = 10;
const THREADS: usize = 2;

/// The number of connections in a storm. Each makes two events.
fn connections() -> usize {
    env::var("SOCKWHY_STORM").map_or(100_000, |number| number.parse().expect("SOCKWHY_STORM is a number"))
}

/// A file without a name, for output: a pipe to the test would slow down sockwhy.
fn scratch_file() -> Outcome<File> {
    let path = env::temp_dir().join(format!("sockwhy-acceptance-output-{}", std::process::id()));
    let file = File::options().read(true).append(true).create_new(true).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// The outcome of a storm.
struct Storm {
    shown: usize,
    lost: usize,
    /// How often the kernel missed running the programs.
    misses: usize,
}

/// Makes a storm, and asserts that each event is there or counted as lost. The reader of the ring can be stopped meanwhile.
fn storm(session: &Session, connections: usize, arguments: &[&str], is_read: bool) -> Outcome<Storm> {
    let connections = connections.next_multiple_of(BURSTS * THREADS);
    let mut actor = Actor::start()?;
    let mut file = scratch_file()?;
    let trace = session.trace().pids([actor.pid]).arguments(arguments.iter().copied());
    let tracer = trace.output(file.try_clone()?).start()?;
    if !is_read {
        tracer.signal(Signal::STOP)?;
    }
    // In bursts, so that each command of a slow machine ends within the limit.
    for _ in 0..BURSTS {
        actor.perform(&Command::Storm { connections: connections / BURSTS, threads: THREADS })?;
    }
    let misses = tracer.misses()?;
    tracer.signal(Signal::CONT)?;
    let finished = tracer.stop()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let (shown, lost) = finished.summary()?;
    file.rewind()?;
    let (mut connects, mut accepts) = (0, 0);
    for line in BufReader::new(file).lines() {
        let event = Event::parse(&line?).map_err(Stop::Failed)?;
        assert!(event.is_of(&[actor.pid]), "{event}");
        *(if event.str("event") == "connect" { &mut connects } else { &mut accepts }) += 1;
    }
    let seen = format!("{connects} connects, {accepts} accepts, {misses} missed; stderr:\n{}", finished.stderr);
    assert_eq!(connects + accepts, shown, "{seen}");
    // Where a hook runs for other system calls too, sockwhy cannot know how many of the kernel's misses were events.
    assert!(shown + lost <= 2 * connections + misses && 2 * connections <= shown + lost + misses, "{seen}");
    assert!(connects <= connections && accepts <= connections, "{seen}");
    Ok(Storm { shown, lost, misses })
}

fn nothing_is_lost(session: &Session) -> Outcome {
    let Storm { shown, lost, misses } = storm(session, connections(), &[], true)?;
    assert!(lost <= misses, "{shown} shown, {lost} lost, {misses} missed by the kernel itself");
    Ok(())
}

/// Nobody reads the ring, so it fills, however slow the machine is.
fn what_a_small_buffer_loses_is_counted(session: &Session) -> Outcome {
    let Storm { shown, lost, misses } = storm(session, 200, &["--buffer-size", "4096"], false)?;
    assert!(shown > 0 && lost > misses, "{shown} shown, {lost} lost, {misses} missed by the kernel itself");
    Ok(())
}
