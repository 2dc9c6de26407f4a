//! `sockwhy trace`: connections as they are made and accepted, from the kernel to stdout.

use jiff::tz::TimeZone;

use crate::cli::{CommonArgs, OutputFormat, TraceArgs};
use crate::exit::{Failure, IoFailure};
use crate::host::check_process;
use crate::kernel::Tracer;
use crate::model::Flows;
use crate::model::event::Kind;
use crate::pipeline::{self, Account, Sink, Stop};
use crate::plan::TracePlan;
use crate::sink::{Json, Lines, Text};
use crate::term::Terminal;

/// How often `-v` is given for the log of the BPF programs.
const WITH_PROGRAMS: u8 = 2;

/// Traces what the arguments ask for.
///
/// # Errors
/// Where the arguments contradict each other, nothing can be traced here, or reading or writing fails. A closed pipe is
/// no error.
pub fn run(args: TraceArgs, common: &CommonArgs) -> Result<(), Box<dyn Failure>> {
    let plan = TracePlan::new(args)?;
    for note in &plan.notes {
        eprintln!("sockwhy: {note}");
    }
    for pid in &plan.filters.pids {
        check_process(*pid)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| IoFailure("cannot start the runtime", error))?;
    let account = runtime.block_on(async {
        match common.output {
            OutputFormat::Text => {
                let text = Text::new(Terminal::stdout(common.color), TimeZone::system(), &plan.events);
                trace(&plan, Lines::new(text), common.verbose).await
            }
            OutputFormat::Json => trace(&plan, Lines::new(Json::default()), common.verbose).await,
        }
    });
    // A thread of the runtime may be stuck in a write to a pipe that nobody reads.
    runtime.shutdown_background();
    if let Some(account) = account? {
        report(&account);
    }
    Ok(())
}

/// Attaches, says so, and hands events to the sink.
async fn trace(plan: &TracePlan, sink: impl Sink, verbose: u8) -> Result<Option<Account>, Box<dyn Failure>> {
    let stop = Stop::new(plan.duration).map_err(|error| IoFailure("cannot listen for signals", error))?;
    let with_log = verbose >= WITH_PROGRAMS;
    let (mut tracer, ring) = Tracer::attach(plan, with_log)?;
    let log = with_log.then(|| tracer.log()).transpose();
    let log = log.map_err(|error| IoFailure("cannot read the programs' log", error))?;
    let flows = Flows::new(plan.events.clone(), plan.max_flows);
    eprintln!("sockwhy: tracing {}", describe(plan, &tracer));
    Ok(pipeline::run(tracer, ring, flows, sink, plan.count, log, stop).await?)
}

/// What is traced, how, and what cannot be seen.
fn describe(plan: &TracePlan, tracer: &Tracer) -> String {
    let events = plan.events.iter().map(|kind| match kind {
        Kind::Connect => "connects",
        Kind::Accept => "accepts",
        Kind::Failed => "failed attempts",
        Kind::Established => "answered attempts",
        Kind::Closed => "ends",
    });
    let mut events: Vec<_> = events.collect();
    let last = events.pop().unwrap_or_default();
    let before = if events.is_empty() { String::new() } else { format!("{} and ", events.join(", ")) };
    let unseen =
        tracer.blind_spot.as_ref().map_or_else(String::new, |blind_spot| format!("; it cannot see {blind_spot}"));
    format!("{before}{last} with the {} backend{unseen}", tracer.backend)
}

/// The last lines: how many events were shown, how many were lost, and where.
fn report(account: &Account) {
    eprintln!("sockwhy: {account}");
    if account.unknown > 0 {
        eprintln!(
            "sockwhy: {} outcomes unknown: too many connections were open at once (a larger --max-flows helps)",
            account.unknown
        );
    }
    let calls = account.misses.system_calls;
    if calls > 0 {
        eprintln!("sockwhy: the kernel missed {calls} more exits of system calls; some may have been accepts");
    }
}
