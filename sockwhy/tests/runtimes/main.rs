//! The tests of `sockwhy explain`, `demo` and `doctor`. Real JVMs, Go programs, web servers and others are started with
//! their defaults, explained, changed as the remedy says, and explained again.
//!
//! Everything happens in a new network namespace, where ports are free, nobody else connects, and settings can be
//! changed. `SOCKWHY_BIN` names the program to test, instead of the one that cargo built.

mod answer;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../common/mod.rs"]
mod common;
mod demo;
mod doctor;
mod input;
mod network;
mod programs;
mod puppet;
mod rules;
mod server;
mod settings;
mod table;
mod verdicts;

use std::process::ExitCode;

use libtest_mimic::Trial;

use self::common::{enter, harness, host, netlink, outcome, program, said, terminal};
use crate::harness::Scenario;
use crate::outcome::{Outcome, trial};

fn main() -> ExitCode {
    harness::main(&[(puppet::ARGUMENT, puppet::main)], trials)
}

fn trials() -> Outcome<Vec<Trial>> {
    harness::require_root()?;
    netlink::leave()?;
    let groups = [
        table::trials(),
        of("settings", settings::SCENARIOS),
        of("rules", rules::SCENARIOS),
        of("verdicts", verdicts::SCENARIOS),
        of("input", input::SCENARIOS),
        of("demo", demo::SCENARIOS),
        of("doctor", doctor::SCENARIOS),
    ];
    Ok(groups.into_iter().flatten().collect())
}

fn of(module: &str, scenarios: &'static [Scenario]) -> Vec<Trial> {
    scenarios.iter().map(|(name, run)| trial(format!("{module}::{name}"), run)).collect()
}
