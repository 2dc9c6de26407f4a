//! More than anybody can read: nothing is lost without being counted.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::Command;
use crate::event::Event;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![all_that_the_shared_tracer_saw_is_accounted_for, nothing_is_lost, what_a_small_buffer_loses_is_counted];

/// The end of the tracer that the tests before have shared; the storms to come are not for its ears.
fn all_that_the_shared_tracer_saw_is_accounted_for(session: &Session) -> Outcome {
    let finished = session.stop()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let (shown, lost) = finished.summary()?;
    assert!(shown > 0);
    assert_eq!(lost, 0, "{}", finished.stderr);
    Ok(())
}

const GUSTS: usize = 10;
const THREADS: usize = 2;

/// How many connections make a storm. Each gives two events.
fn connections() -> usize {
    env::var("SOCKWHY_STORM").map_or(100_000, |number| number.parse().expect("SOCKWHY_STORM is a number"))
}

/// A file that nobody else sees, for output that a pipe would slow down.
fn scratch_file() -> Outcome<File> {
    let path = env::temp_dir().join(format!("sockwhy-acceptance-output-{}", std::process::id()));
    let file = File::options().read(true).append(true).create_new(true).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// What came of a storm.
struct Storm {
    shown: usize,
    lost: usize,
    /// How often the kernel passed the programs over.
    misses: usize,
}

/// Lets a storm pass; asserts that each event is there or counted as lost.
fn storm(session: &Session, connections: usize, arguments: &[&str]) -> Outcome<Storm> {
    let connections = connections.next_multiple_of(GUSTS * THREADS);
    let mut actor = Actor::start()?;
    // A pipe to the test would slow down sockwhy, and so the test would be of the test.
    let mut file = scratch_file()?;
    let trace = session.trace().pids([actor.pid]).arguments(arguments.iter().copied());
    let tracer = trace.output(file.try_clone()?).start()?;
    // In gusts: a slow machine is given time for each.
    for _ in 0..GUSTS {
        actor.perform(&Command::Storm { connections: connections / GUSTS, threads: THREADS })?;
    }
    let misses = tracer.misses()?;
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
    // Of what the kernel itself missed, sockwhy knows how much was events only where each run of a hook is one.
    assert!(shown + lost <= 2 * connections + misses && 2 * connections <= shown + lost + misses, "{seen}");
    assert!(connects <= connections && accepts <= connections, "{seen}");
    Ok(Storm { shown, lost, misses })
}

fn nothing_is_lost(session: &Session) -> Outcome {
    let Storm { shown, lost, misses } = storm(session, connections(), &[])?;
    assert!(lost <= misses, "{shown} shown, {lost} lost, {misses} missed by the kernel itself");
    Ok(())
}

fn what_a_small_buffer_loses_is_counted(session: &Session) -> Outcome {
    let Storm { lost, .. } = storm(session, connections() / 10, &["--buffer-size", "4096"])?;
    assert!(lost > 0, "the buffer is not as small as the test thinks");
    Ok(())
}
