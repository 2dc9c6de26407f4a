//! The `sockwhy` program: arguments in, exit code out.

mod logger;

use std::process::ExitCode;

use clap::Parser;
use sockwhy::cli::{self, Cli, Command};
use sockwhy::commands::{demo, doctor, explain, list, trace};
use sockwhy::exit::{Exit, Failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::report(&error),
    };
    logger::init(cli.common.verbose);
    match run(cli) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(exit)) => exit.into(),
        Err(failure) => report(failure.as_ref()),
    }
}

/// Runs the command. An exit code without an error is doctor's answer.
fn run(Cli { command, common }: Cli) -> Result<Option<Exit>, Box<dyn Failure>> {
    match command {
        Command::Trace(args) => trace::run(args, &common)?,
        Command::List(args) => list::run(args, &common)?,
        Command::Explain(args) => explain::run(&args, &common)?,
        Command::Demo(args) => demo::run(&args, &common)?,
        Command::Doctor => return doctor::run(&common),
    }
    Ok(None)
}

/// Says what went wrong and, where there is one, what to do: the last line ends with a command to paste.
fn report(failure: &dyn Failure) -> ExitCode {
    eprintln!("sockwhy: {failure}");
    for detail in failure.details() {
        log::debug!("{detail}");
    }
    if let Some(remedy) = failure.remedy(&command_line()) {
        eprintln!("sockwhy: {remedy}");
    }
    failure.exit().into()
}

/// This very command, quoted for a shell.
fn command_line() -> String {
    let plain = |argument: &str| {
        !argument.is_empty() && argument.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,".contains(&byte))
    };
    let quoted = std::env::args_os().skip(1).map(|argument| {
        let argument = argument.to_string_lossy().escape_debug().to_string();
        if plain(&argument) { argument } else { format!("'{}'", argument.replace('\'', "'\\''")) }
    });
    std::iter::once("sockwhy".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}
