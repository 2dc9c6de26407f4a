//! The tests of `sockwhy explain`, `demo` and `doctor` on the real thing: JVMs, Go programs, web servers and others are
//! started as they come, explained, changed as the remedy says, and looked at again.
//!
//! Everything happens in a network namespace of its own, in which ports are free, nobody can connect, and settings can
//! be changed. `SOCKWHY_BIN` names the program to test, instead of the one that cargo built.

mod answer;
mod demo;
mod doctor;
#[expect(dead_code, reason = "the acceptance tests use the rest")]
#[path = "../acceptance/enter.rs"]
mod enter;
mod input;
#[expect(dead_code, reason = "the acceptance tests use the rest")]
#[path = "../acceptance/netlink.rs"]
mod netlink;
#[path = "../acceptance/outcome.rs"]
mod outcome;
#[path = "../acceptance/program.rs"]
mod program;
mod puppet;
mod rules;
mod server;
mod settings;
mod table;

use std::{env, panic, process::ExitCode};

use libtest_mimic::{Arguments, Trial};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::outcome::{Outcome, Stop, trial};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let result = match arguments.next() {
        Some(first) if first == enter::ARGUMENT => enter::main(arguments).map_err(Stop::from),
        Some(first) if first == puppet::ARGUMENT => puppet::main(arguments).map(|()| ExitCode::SUCCESS),
        _ => return test(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{}: {error:?}", env::args().skip(1).collect::<Vec<_>>().join(" "));
        ExitCode::FAILURE
    })
}

fn test() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share the ports of a network namespace, which is this thread's.
    arguments.test_threads = Some(1);
    // The message is shown with the test's result; a backtrace would say no more than the place does.
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            eprintln!("panicked at {place}");
        }
    }));
    let trials = match isolate() {
        Ok(()) => trials(),
        Err(error) => {
            let reason = format!("only root can make a network namespace ({error})");
            vec![trial("everything".to_owned(), move || Err(Stop::skipped(reason)))]
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn isolate() -> std::io::Result<()> {
    // SAFETY: only a table of descriptors of one's own would be a danger.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    netlink::up("lo")
}

fn trials() -> Vec<Trial> {
    let groups = [
        table::trials(),
        of("settings", settings::SCENARIOS),
        of("rules", rules::SCENARIOS),
        of("input", input::SCENARIOS),
        of("demo", demo::SCENARIOS),
        of("doctor", doctor::SCENARIOS),
    ];
    groups.into_iter().flatten().collect()
}

/// A test, by the name of its function.
type Scenario = (&'static str, fn() -> Outcome);

/// The tests of a module: `scenarios![one, another]`.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        pub(crate) const SCENARIOS: &[crate::Scenario] = &[$((stringify!($name), $name)),*];
    };
}
use scenarios;

fn of(module: &str, scenarios: &'static [Scenario]) -> Vec<Trial> {
    scenarios.iter().map(|(name, run)| trial(format!("{module}::{name}"), run)).collect()
}
