//! clap's messages, in our form.

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::exit::Exit;

/// Prints clap's message: help as it is, an error on one line of stderr. Returns the exit code.
#[must_use]
pub fn report(error: &clap::Error) -> ExitCode {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};

    // If the streams cannot be written to, the exit code still tells.
    let _ignored = match error.kind() {
        DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand => error.print(),
        _ => writeln!(std::io::stderr(), "sockwhy: {}", one_line(error)),
    };
    match error.kind() {
        DisplayHelp | DisplayVersion => ExitCode::SUCCESS,
        _ => Exit::WrongUsage.into(),
    }
}

/// clap's message and its tips, without the usage that follows.
pub(super) fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraphs = text
        .split("\n\n")
        .take_while(|paragraph| !paragraph.starts_with("Usage:") && !paragraph.starts_with("For more information"))
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs
        .map(|paragraph| paragraph.trim_start_matches("error: ").trim_start_matches("tip: ").to_owned())
        .collect::<Vec<_>>()
        .join("; ");
    match error.kind() {
        // Our own messages, which say what would be right.
        ErrorKind::ValueValidation => message,
        _ => format!("{message}; see --help"),
    }
}
