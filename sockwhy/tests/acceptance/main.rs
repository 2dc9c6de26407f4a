//! The acceptance tests of `sockwhy trace`: real sockets of real processes, and every event compared with what the
//! process knows it did.
//!
//! This program is also run by itself, moved to virtual machines with other kernels. It needs root, and knows these
//! variables:
//! - `SOCKWHY_BIN`: the program to test, instead of the one that cargo built;
//! - `SOCKWHY_BACKEND`: the backend to test, instead of every one that the kernel has;
//! - `SOCKWHY_EXPECT`: `no` where that backend must refuse to run;
//! - `SOCKWHY_STORM`: how many connections the storm is made of, for slow machines.
//!
//! [`scenarios`] has the tests. [`actor`]s are processes that make connections, [`flow`] is what they know of them,
//! [`tracer`] a running sockwhy and [`event`] what it says.

mod actor;
mod backend;
mod enter;
mod event;
mod flow;
mod host;
mod netlink;
mod outcome;
mod program;
mod scenarios;
mod session;
mod text;
mod trace;
mod tracer;
mod traffic;
mod variant;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
};

use libtest_mimic::{Arguments, Trial};

use crate::{
    backend::Backend,
    outcome::{Outcome, Stop, trial},
    session::Session,
    tracer::MISSES,
};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let result = match arguments.next() {
        Some(first) if first == enter::ARGUMENT => enter::main(arguments),
        Some(first) if first == actor::ARGUMENT => actor::puppet::main().map(|()| ExitCode::SUCCESS),
        _ => return test(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{}: {error}", env::args().skip(1).collect::<Vec<_>>().join(" "));
        ExitCode::FAILURE
    })
}

fn test() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share a machine: its ports, its namespaces, and the time of its two CPUs.
    arguments.test_threads = Some(1);
    // The message is shown with the test's result; a backtrace would say no more than the place does.
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            eprintln!("panicked at {place}");
        }
    }));
    let trials = if rustix::process::geteuid().is_root() { trials() } else { vec![no_root()] };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs a scenario, and once more where the kernel itself passed over a hook meanwhile: it does not run a program on a
/// CPU where a task that was preempted is in it, and an emulated CPU is slow enough for that to happen.
fn attempt(scenario: impl Fn() -> Outcome) -> Outcome {
    let before = MISSES.load(Ordering::Relaxed);
    match panic::catch_unwind(AssertUnwindSafe(&scenario)) {
        Ok(Err(Stop::Failed(_))) | Err(_) if MISSES.load(Ordering::Relaxed) > before => scenario(),
        Ok(outcome) => outcome,
        Err(panicked) => panic::resume_unwind(panicked),
    }
}

fn no_root() -> Trial {
    trial("everything".to_owned(), || Err(Stop::skipped("only root can load BPF programs and make namespaces")))
}

fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for backend in Backend::under_test() {
        if !Backend::is_expected() {
            trials.push(trial(format!("{backend}::refuses"), move || backend::refuses(backend)));
            continue;
        }
        let session = Arc::new(Session::new(backend));
        for scenario in scenarios::of(backend) {
            let session = Arc::clone(&session);
            trials.push(trial(format!("{backend}::{}", scenario.name), move || attempt(|| (scenario.run)(&session))));
        }
    }
    trials
}
