//! The tests of `sockwhy list`: sockets of every kind and state. Every field is compared with what `ss`,
//! `/proc/net/tcp`, `/proc/net/tcp6` and the process that has the socket say.
//!
//! Everything happens in a network namespace of its own, where there are no other sockets. `SOCKWHY_BIN` names the
//! program to test, instead of the one that cargo built.

#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../common/mod.rs"]
mod common;
mod fields;
mod filters;
mod holder;
mod late_listener;
mod listing;
mod names;
mod namespaces;
mod open;
mod owners;
mod privileges;
mod samples;
mod witness;

use std::process::ExitCode;

use libtest_mimic::Trial;

use self::common::{enter, harness, host, kinds, netlink, outcome, program, said};
use crate::harness::Scenario;
use crate::outcome::{Outcome, trial};

fn main() -> ExitCode {
    harness::main(&[(holder::ARGUMENT, holder::main)], trials)
}

fn trials() -> Outcome<Vec<Trial>> {
    harness::require_root()?;
    namespaces::remember_outside()?;
    let groups = [
        of("fields", fields::SCENARIOS),
        of("owners", owners::SCENARIOS),
        of("names", names::SCENARIOS),
        of("filters", filters::SCENARIOS),
        of("namespaces", namespaces::SCENARIOS),
        of("privileges", privileges::SCENARIOS),
    ];
    Ok(groups.into_iter().flatten().collect())
}

/// Each begins in an empty network namespace.
fn of(module: &str, scenarios: &'static [Scenario]) -> Vec<Trial> {
    let run = |scenario: &fn() -> Outcome| {
        netlink::leave()?;
        scenario()
    };
    scenarios.iter().map(|(name, scenario)| trial(format!("list::{module}::{name}"), move || run(scenario))).collect()
}
