//! `sockwhy doctor`: what this host allows, row by row. It finds out by trying.

mod attempts;
mod page;
mod report;
mod settings;

use self::attempts::Attempts;
use self::page::{doctor_json, doctor_text};
use self::report::Report;
use crate::cli::{CommonArgs, OutputFormat};
use crate::exit::{Exit, Failure};
use crate::term::{Terminal, print};

/// Looks at everything, and says whether this host can trace.
///
/// # Errors
/// Where stdout cannot be written to.
pub fn run(common: &CommonArgs) -> Result<Option<Exit>, Box<dyn Failure>> {
    let report = examine();
    print(&match common.output {
        OutputFormat::Text => doctor_text(&report, Terminal::stdout(common.color)),
        OutputFormat::Json => doctor_json(&report),
    })?;
    Ok((!report.can_trace).then_some(Exit::NotAllowed))
}

/// Looks at everything. Programs are attached for a moment; nothing stays changed.
fn examine() -> Report {
    let attempts = Attempts::make();
    let mut rows = attempts.rows();
    rows.extend(settings::capabilities());
    rows.extend(settings::kernel());
    rows.extend(settings::namespaces());
    Report { rows, can_trace: attempts.best().is_some() }
}
