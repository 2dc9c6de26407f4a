//! How the program ends: every error knows its exit code, and what to do about it.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use thiserror::Error;

use crate::model::Remedy;

/// The exit codes that the interface promises, beside 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command line makes no sense.
    WrongUsage = 2,
    /// The kernel or the privileges do not allow it.
    NotAllowed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that ends a command. It displays as one line that says what happened and why.
pub trait Failure: Error {
    /// The exit code.
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// What to do about it. `command` is what was tried.
    fn remedy(&self, _command: &str) -> Option<Remedy> {
        None
    }

    /// More of what happened, a line each, for `-v`.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<'a, F: Failure + 'a> From<F> for Box<dyn Failure + 'a> {
    fn from(failure: F) -> Self {
        Box::new(failure)
    }
}

/// A system call that failed: what it was for, and the error.
#[derive(Debug, Error)]
#[error("{0}: {1}")]
pub struct IoFailure(pub &'static str, #[source] pub io::Error);

impl Failure for IoFailure {}
