//! The `sockwhy` program: arguments in, exit code out.

mod logger;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use sockwhy::{
    cli::{self, Cli, Command, CommonArgs, DemoArgs, ExplainArgs, ListArgs, OutputFormat, TraceArgs},
    demo::Demo,
    doctor,
    explain::{self, ExplainError},
    kernel::Refused,
    list::{self, Format, ListError},
    output::{self, Formatter, Json, Terminal, Text},
    plan::{Contradiction, ListPlan, TracePlan},
    trace::{self, TraceError},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::report(&error),
    };
    logger::init(cli.common.verbose);
    let result = match cli.command {
        Command::Trace(args) => trace(args, &cli.common).map(|()| ExitCode::SUCCESS),
        Command::List(args) => list(args, &cli.common).map(|()| ExitCode::SUCCESS),
        Command::Explain(args) => explain(&args, &cli.common).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo(&args, &cli.common).map(|()| ExitCode::SUCCESS),
        Command::Doctor => doctor(&cli.common),
    };
    match result {
        Ok(code) => code,
        Err(error) => report(error.as_ref()),
    }
}

fn trace(args: TraceArgs, common: &CommonArgs) -> Result<(), Box<dyn Error>> {
    let plan = TracePlan::new(args)?;
    for note in &plan.notes {
        eprintln!("sockwhy: {note}");
    }
    let formatter = match common.output {
        OutputFormat::Text => Formatter::Text(Text::new(Terminal::stdout(common.color), jiff::tz::TimeZone::system())),
        OutputFormat::Json => Formatter::Json(Json::new()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(trace::run(&plan, formatter, common.verbose >= logger::WITH_PROGRAMS));
    // A write to a stdout that nobody reads may be stuck in a thread of the runtime.
    runtime.shutdown_background();
    Ok(result?)
}

fn list(args: ListArgs, common: &CommonArgs) -> Result<(), Box<dyn Error>> {
    let plan = ListPlan::new(args)?;
    let format = match common.output {
        OutputFormat::Text => Format::Text(Terminal::stdout(common.color)),
        OutputFormat::Json => Format::Json,
    };
    Ok(list::run(&plan, format)?)
}

fn explain(args: &ExplainArgs, common: &CommonArgs) -> Result<(), Box<dyn Error>> {
    let text = explain::explain(args.target, args.netns.into(), |explanation| match common.output {
        OutputFormat::Text => output::explain_text(explanation, Terminal::stdout(common.color), common.verbose > 0),
        OutputFormat::Json => output::explain_json(explanation),
    })?;
    Ok(write(&text)?)
}

fn demo(args: &DemoArgs, common: &CommonArgs) -> Result<(), Box<dyn Error>> {
    let demo = Demo::new(args.v6only)?;
    let text = demo.explain(|explanation| match common.output {
        OutputFormat::Text => output::demo_text(&demo, explanation, Terminal::stdout(common.color), common.verbose > 0),
        OutputFormat::Json => output::demo_json(&demo, explanation),
    })?;
    Ok(write(&text)?)
}

fn doctor(common: &CommonArgs) -> Result<ExitCode, Box<dyn Error>> {
    let report = doctor::examine();
    write(&match common.output {
        OutputFormat::Text => output::doctor_text(&report, Terminal::stdout(common.color)),
        OutputFormat::Json => output::doctor_json(&report),
    })?;
    Ok(if report.can_trace { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALLOWED) })
}

/// Writes to stdout. A reader that has gone away is no error.
fn write(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const NOT_ALLOWED: u8 = 3;

/// Says what went wrong, and turns it into the exit code that the interface promises.
fn report(error: &(dyn Error + 'static)) -> ExitCode {
    eprintln!("sockwhy: {error}");
    if error.is::<Contradiction>() {
        return ExitCode::from(WRONG_USAGE);
    }
    if let Some(TraceError::Refused(refused)) = error.downcast_ref() {
        suggest(refused);
    } else if let Some(ListError::Refused(refusal)) = list_error(error) {
        eprintln!("sockwhy: {}", refusal.remedy(&command_line()));
    } else if !matches!(error.downcast_ref(), Some(ExplainError::Hidden { .. })) {
        return ExitCode::from(FAILED);
    }
    ExitCode::from(NOT_ALLOWED)
}

/// The error of listing, which explaining may wrap.
fn list_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a ListError> {
    match error.downcast_ref() {
        Some(ExplainError::Sockets(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// The last line is a command to paste.
fn suggest(refused: &Refused) {
    for detail in refused.details() {
        log::debug!("{detail}");
    }
    if let Some(refusal) = refused.decisive() {
        eprintln!("sockwhy: {}", refusal.remedy(&command_line()));
    }
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
