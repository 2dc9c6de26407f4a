//! More than anybody can read: nothing is lost without being counted.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Seek},
};

use super::scenarios;
use crate::{
    actor::{Actor, command::Command},
    event::Event,
    outcome::{Outcome, Stop},
    session::Session,
};

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

/// Connections, from two threads. Each gives two events.
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

/// Gives what was shown and lost; asserts that what was shown is there, and no more.
fn storm(session: &Session, connections: usize, arguments: &[&str]) -> Outcome<(usize, usize)> {
    let mut actor = Actor::start()?;
    // A pipe to the test would slow down sockwhy, and so the test would be of the test.
    let mut file = scratch_file()?;
    let trace = session.trace().pids([actor.pid]).arguments(arguments.iter().copied());
    let tracer = trace.output(file.try_clone()?).start()?;
    actor.perform(&Command::Storm { connections, threads: 2 })?;
    let finished = tracer.stop()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let (shown, lost) = finished.summary()?;
    file.rewind()?;
    let (mut lines, mut connects) = (0, 0);
    for line in BufReader::new(file).split(b'\n') {
        let event = Event::parse(&line?).map_err(Stop::Failed)?;
        assert!(event.is_of(&[actor.pid]));
        lines += 1;
        connects += usize::from(event.str("event") == "connect");
    }
    assert_eq!(lines, shown);
    if lost == 0 {
        assert_eq!(connects, connections);
    }
    Ok((shown, lost))
}

fn nothing_is_lost(session: &Session) -> Outcome {
    let connections = connections();
    assert_eq!(storm(session, connections, &[])?, (2 * connections, 0), "shown and lost");
    Ok(())
}

fn what_a_small_buffer_loses_is_counted(session: &Session) -> Outcome {
    let connections = connections() / 10;
    let (shown, lost) = storm(session, connections, &["--buffer-size", "4096"])?;
    assert_eq!(shown + lost, 2 * connections, "{shown} shown, {lost} lost");
    assert!(lost > 0, "the buffer is not as small as the test thinks");
    Ok(())
}
