//! Running sockwhy to its end.

use std::path::Path;
use std::process::{Command, Stdio};

use super::enter::Enter;
use super::outcome::Outcome;

/// What it said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Runs a command that starts sockwhy.
    pub(crate) fn by(command: &mut Command) -> Outcome<Self> {
        let output = command.stdin(Stdio::null()).output()?;
        let said = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        };
        assert!(!said.stderr.contains("panicked"), "{said:?}");
        Ok(said)
    }

    /// Runs a copy of sockwhy in other namespaces, or as another user.
    pub(crate) fn by_sockwhy(enter: &Enter, program: &Path, arguments: &[&str]) -> Outcome<Self> {
        Self::by(enter.command(program).args(arguments))
    }
}
