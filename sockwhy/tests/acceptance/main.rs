//! The acceptance tests of `sockwhy trace`: real sockets of real processes, and every event compared with what the
//! process knows it did.
//!
//! This program also runs in virtual machines with other kernels. It needs root, and reads these variables:
//! - `SOCKWHY_BIN`: the program to test, instead of the one that cargo built;
//! - `SOCKWHY_BACKEND`: the backend to test, instead of every one that `sockwhy doctor` says works here;
//! - `SOCKWHY_EXPECT`: `no` where that backend must refuse to run;
//! - `SOCKWHY_STORM`: how many connections the storm is made of, for slow machines.
//!
//! [`scenarios`] has the tests. [`actor`]s are processes that make connections, [`flow`] is what they know of them,
//! [`tracer`] a running sockwhy and [`event`] what it says.

mod actor;
mod backend;
#[allow(dead_code, unused_imports, unused_macros, reason = "each test program uses a part of it")]
#[path = "../common/mod.rs"]
mod common;
mod event;
mod flow;
mod jvm;
mod scenarios;
mod session;
mod text;
mod trace;
mod tracer;
mod traffic;
mod variant;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use libtest_mimic::Trial;

use self::common::{enter, harness, host, kinds, netlink, outcome, program, said, terminal};
use crate::backend::Backend;
use crate::outcome::{Outcome, Stop, trial};
use crate::session::Session;
use crate::tracer::MISSES;

fn main() -> ExitCode {
    harness::main(&[(actor::ARGUMENT, |_| Ok(actor::child::main()?))], trials)
}

/// Runs a scenario, and again if the kernel missed a hook meanwhile, at most `ATTEMPTS` times. It does not run a program on
/// a CPU where the same program was preempted, which happens on slow emulated CPUs.
fn attempt(scenario: impl Fn() -> Outcome) -> Outcome {
    const ATTEMPTS: usize = 3;
    for _ in 1..ATTEMPTS {
        let before = MISSES.load(Ordering::Relaxed);
        match panic::catch_unwind(AssertUnwindSafe(&scenario)) {
            Ok(Err(Stop::Failed(_))) | Err(_) if MISSES.load(Ordering::Relaxed) > before => {}
            Ok(outcome) => return outcome,
            Err(panicked) => panic::resume_unwind(panicked),
        }
    }
    scenario()
}

fn trials() -> Outcome<Vec<Trial>> {
    harness::require_root()?;
    let mut trials = Vec::new();
    for (backend, works) in Backend::under_test()? {
        if !works {
            trials.push(trial(format!("{backend}::refuses"), move || backend::refuses(backend)));
            continue;
        }
        let session = Arc::new(Session::new(backend));
        for scenario in scenarios::of(backend) {
            let session = Arc::clone(&session);
            trials.push(trial(format!("{backend}::{}", scenario.name), move || attempt(|| (scenario.run)(&session))));
        }
    }
    Ok(trials)
}
