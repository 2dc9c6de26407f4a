//! The tests of `sockwhy list`: sockets of every kind and state, and every field compared with what others say of them:
//! `ss`, `/proc/net/tcp` and `tcp6`, and the process that has them.
//!
//! Everything happens in a network namespace of its own, where there are no other sockets. `SOCKWHY_BIN` names the
//! program to test, instead of the one that cargo built.

#[path = "../acceptance/enter.rs"]
mod enter;
mod fields;
mod filters;
mod holder;
#[expect(dead_code, reason = "the acceptance tests use the rest")]
#[path = "../acceptance/host.rs"]
mod host;
mod listing;
mod names;
mod namespaces;
#[expect(dead_code, reason = "the acceptance tests use the rest")]
#[path = "../acceptance/netlink.rs"]
mod netlink;
#[path = "../acceptance/outcome.rs"]
mod outcome;
mod owners;
mod privileges;
#[path = "../acceptance/program.rs"]
mod program;
mod witness;
mod zoo;

use std::{env, panic, process::ExitCode};

use libtest_mimic::{Arguments, Trial};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::outcome::{Outcome, Stop, trial};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let result = match arguments.next() {
        Some(first) if first == enter::ARGUMENT => enter::main(arguments),
        Some(first) if first == holder::ARGUMENT => holder::main(arguments).map(|()| ExitCode::SUCCESS),
        _ => return test(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{}: {error}", env::args().skip(1).collect::<Vec<_>>().join(" "));
        ExitCode::FAILURE
    })
}

fn test() -> ExitCode {
    let mut arguments = Arguments::from_args();
    namespaces::remember_outside().expect("/proc is mounted");
    // They share a network namespace, which is this thread's.
    arguments.test_threads = Some(1);
    // The message is shown with the test's result; a backtrace would say no more than the place does.
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            eprintln!("panicked at {place}");
        }
    }));
    libtest_mimic::run(&arguments, trials()).exit_code()
}

fn trials() -> Vec<Trial> {
    if !rustix::process::geteuid().is_root() {
        return vec![trial("everything".to_owned(), || Err(Stop::skipped("only root can make namespaces")))];
    }
    [
        of("fields", fields::SCENARIOS),
        of("owners", owners::SCENARIOS),
        of("names", names::SCENARIOS),
        of("filters", filters::SCENARIOS),
        of("namespaces", namespaces::SCENARIOS),
        of("privileges", privileges::SCENARIOS),
    ]
    .into_iter()
    .flatten()
    .collect()
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

/// Each begins in an empty network namespace.
fn of(module: &str, scenarios: &'static [Scenario]) -> Vec<Trial> {
    let run = |scenario: &fn() -> Outcome| {
        leave_network()?;
        scenario()
    };
    scenarios.iter().map(|(name, scenario)| trial(format!("list::{module}::{name}"), move || run(scenario))).collect()
}

/// Takes the calling thread to a new network namespace.
fn leave_network() -> Outcome {
    // SAFETY: only a table of descriptors of one's own would be a danger.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(netlink::up("lo")?)
}
