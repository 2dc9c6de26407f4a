//! How a test ends.

use std::fmt::Display;
use std::panic::Location;

use libtest_mimic::{Completion, Failed, Trial};

/// The result of a test: nothing, or why it stopped.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// Why a test stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is wrong.
    Failed(String),
    /// It cannot run on this machine.
    Skipped(String),
}

impl Stop {
    /// A failure in one or more lines.
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// What this machine lacks.
    pub(crate) fn skipped(reason: impl Display) -> Self {
        Self::Skipped(reason.to_string())
    }
}

/// So that `?` works on every error. The place is added, because an `EPERM` alone says nothing.
impl<E: std::error::Error> From<E> for Stop {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::Failed(format!("{}: {error}", Location::caller()))
    }
}

/// A test that may find that it cannot run here.
pub(crate) fn trial(name: String, run: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    let runner = move || match run() {
        Ok(()) => Ok(Completion::Completed),
        Err(Stop::Failed(message)) => Err(Failed::from(message)),
        Err(Stop::Skipped(reason)) => Ok(Completion::ignored_with(format!("skipped: {reason}"))),
    };
    Trial::ignorable_test(name, runner)
}
