//! What to do about a failure.

use std::fmt;

/// What to do, and the command to paste where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What to do.
    pub how: String,
    /// A command for a shell.
    pub command: Option<String>,
}

impl Remedy {
    /// With a command.
    pub fn new(how: impl Into<String>, command: impl Into<String>) -> Self {
        Self { how: how.into(), command: Some(command.into()) }
    }
}

/// On one line that ends with the command.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.how)?;
        match &self.command {
            Some(command) => write!(f, ": {command}"),
            None => Ok(()),
        }
    }
}
