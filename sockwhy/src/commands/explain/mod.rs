//! `sockwhy explain`: why a process or socket is what it is, and what would change it.

use crate::cli::{CommonArgs, ExplainArgs, OutputFormat};
use crate::exit::Failure;
use crate::investigation::explain;
use crate::page::{explain_json, explain_text};
use crate::term::{Terminal, print};

/// Explains the target of the arguments.
///
/// # Errors
/// Where the target does not exist, this user may not see it, or stdout cannot be written to.
pub fn run(args: &ExplainArgs, common: &CommonArgs) -> Result<(), Box<dyn Failure>> {
    let text = explain(args.target, args.netns, |explanation| match common.output {
        OutputFormat::Text => explain_text(explanation, Terminal::stdout(common.color), common.verbose > 0),
        OutputFormat::Json => explain_json(explanation),
    })?;
    Ok(print(&text)?)
}
