//! The `sockwhy` program.

use std::process::ExitCode;

use clap::Parser;
use sockwhy::{
    cli::{self, Cli, Command},
    plan::TracePlan,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::report(&error),
    };
    let Command::Trace(args) = cli.command;
    match TracePlan::new(args) {
        Ok(plan) => {
            for note in &plan.notes {
                eprintln!("sockwhy: {note}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sockwhy: {error}");
            ExitCode::from(2)
        }
    }
}
