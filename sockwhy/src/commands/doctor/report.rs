//! What `sockwhy doctor` found.

use crate::model::Remedy;

/// How to call this command again, for remedies that end with a command.
pub(super) const THIS: &str = "sockwhy doctor";

/// A question about this host, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What was looked at.
    pub(super) check: &'static str,
    /// Whether it is as sockwhy needs it; `None` where only a part is, or where it is unknown.
    pub(super) ok: Option<bool>,
    /// What was found.
    pub(super) detail: String,
    /// What to do if it is not.
    pub(super) fix: Option<Remedy>,
}

impl Row {
    pub(super) fn yes(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, ok: Some(true), detail: detail.into(), fix: None }
    }

    pub(super) fn partly(check: &'static str, detail: impl Into<String>, fix: Remedy) -> Self {
        Self { check, ok: None, detail: detail.into(), fix: Some(fix) }
    }

    pub(super) fn no(check: &'static str, detail: impl Into<String>, fix: Remedy) -> Self {
        Self { check, ok: Some(false), detail: detail.into(), fix: Some(fix) }
    }
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// The rows, in the order to show them: the verdicts first.
    pub(super) rows: Vec<Row>,
    /// Whether at least one backend works.
    pub(super) can_trace: bool,
}
