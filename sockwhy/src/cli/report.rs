//! clap's errors, each on one line.

use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};

use crate::exit::Exit;

/// Prints clap's message: help as it is, an error on one line of stderr. Returns the exit code.
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

/// What is wrong, and what would be right.
pub(super) fn one_line(error: &clap::Error) -> String {
    use ContextKind::{InvalidArg, InvalidSubcommand, InvalidValue, PriorArg, ValidValue};

    let get = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::ValueValidation => {
            let expected = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
            // Our own sentence: it says what would be right.
            return format!("invalid value '{}' for '{}': {expected}", get(InvalidValue), get(InvalidArg));
        }
        ErrorKind::InvalidValue if get(InvalidValue).is_empty() => {
            format!("a value is required for '{}' but none was supplied", get(InvalidArg))
        }
        ErrorKind::InvalidValue => format!(
            "invalid value '{}' for '{}' [possible values: {}]",
            get(InvalidValue),
            get(InvalidArg),
            get(ValidValue)
        ),
        ErrorKind::UnknownArgument => format!("unexpected argument '{}' found", get(InvalidArg)),
        ErrorKind::InvalidSubcommand => format!("unrecognized subcommand '{}'", get(InvalidSubcommand)),
        ErrorKind::ArgumentConflict if get(InvalidArg) == get(PriorArg) => {
            format!("the argument '{}' cannot be used multiple times", get(InvalidArg))
        }
        ErrorKind::ArgumentConflict => {
            format!("the argument '{}' cannot be used with '{}'", get(InvalidArg), get(PriorArg))
        }
        ErrorKind::MissingRequiredArgument => format!("{} is missing", get(InvalidArg)),
        kind => format!("{} {}", kind.as_str().unwrap_or("wrong usage"), get(InvalidArg)),
    };
    format!("{}{}; see --help", message.trim_end(), similar(error).unwrap_or_default())
}

/// What the user may have meant.
fn similar(error: &clap::Error) -> Option<String> {
    use ContextKind::{SuggestedArg, SuggestedSubcommand, SuggestedValue};

    let suggestions = [(SuggestedSubcommand, "subcommand"), (SuggestedArg, "argument"), (SuggestedValue, "value")];
    let (name, what) = suggestions.into_iter().find_map(|(kind, what)| Some((error.get(kind)?.to_string(), what)))?;
    Some(format!("; a similar {what} exists: '{name}'"))
}
