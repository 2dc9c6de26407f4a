//! The main function of a test program.

use std::env::{self, ArgsOs};
use std::iter::Skip;
use std::panic;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use super::enter;
use super::outcome::{Outcome, Stop, trial};

/// A process that tests need: the program itself, started with this as its first argument.
pub(crate) type Other = (&'static str, fn(Skip<ArgsOs>) -> Outcome);

/// Runs the tests, or is a process that a test needs.
pub(crate) fn main(others: &[Other], trials: fn() -> Outcome<Vec<Trial>>) -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let first = arguments.next();
    let result = if first.as_ref().is_some_and(|first| first == enter::ARGUMENT) {
        enter::main(arguments).map_err(Stop::from)
    } else if let Some((_, other)) = others.iter().find(|(name, _)| first.as_ref().is_some_and(|first| first == name)) {
        other(arguments).map(|()| ExitCode::SUCCESS)
    } else {
        return test(trials);
    };
    result.unwrap_or_else(|error| {
        eprintln!("{}: {error:?}", env::args().skip(1).collect::<Vec<_>>().join(" "));
        ExitCode::FAILURE
    })
}

fn test(trials: fn() -> Outcome<Vec<Trial>>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share the machine: its ports, its namespaces and its CPUs.
    arguments.test_threads = Some(1);
    // The message is shown with the test's result. The place says as much as a backtrace.
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            eprintln!("panicked at {place}");
        }
    }));
    let trials = trials().unwrap_or_else(|stop| {
        // No test can run, whatever the filter.
        arguments.filter = None;
        arguments.skip.clear();
        vec![trial("everything".to_owned(), || Err(stop))]
    });
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Stops where this user may not make namespaces and load programs.
pub(crate) fn require_root() -> Outcome {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Stop::skipped("only root can load BPF programs and make namespaces"))
}

/// A test, by the name of its function.
pub(crate) type Scenario = (&'static str, fn() -> Outcome);

/// The tests of a module: `scenarios![one, another]`.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        pub(crate) const SCENARIOS: &[$crate::common::harness::Scenario] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use scenarios;
