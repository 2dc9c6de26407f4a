//! What stdout leads to.

use std::io::{IsTerminal, stdout};

use clap::ColorChoice;

/// How text is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether to colour.
    pub color: bool,
    /// Columns to fit in; `None` where lines can be as long as they are, as in a pipe or a file.
    pub width: Option<u16>,
}

impl Terminal {
    /// stdout, with the colours that the user wants.
    pub fn stdout(color: ColorChoice) -> Self {
        let is_terminal = stdout().is_terminal();
        Self {
            color: match color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                // https://no-color.org: set, and not empty.
                ColorChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            },
            width: is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| width.0),
        }
    }
}
