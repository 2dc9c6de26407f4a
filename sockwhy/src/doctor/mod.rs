//! `sockwhy doctor`: what this host allows, row by row, found out by trying.

mod attempts;
mod settings;

use self::attempts::Attempts;

const MOUNT_CGROUP: &str = "mount its root, in a container the host's: \
    sudo mkdir -p /sys/fs/cgroup/unified && sudo mount -t cgroup2 none /sys/fs/cgroup/unified";

/// A question about this host, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was looked at.
    pub check: &'static str,
    /// Whether it is as sockwhy wants it; `None` where it is so in part, or cannot be told.
    pub ok: Option<bool>,
    /// What was found.
    pub detail: String,
    /// What to do where it is not so, ending with a command to paste where there is one.
    pub fix: Option<String>,
}

impl Row {
    fn yes(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, ok: Some(true), detail: detail.into(), fix: None }
    }

    fn partly(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, ok: None, detail: detail.into(), fix: Some(fix.into()) }
    }

    fn no(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, ok: Some(false), detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The rows, in the order to show them: the verdicts first.
    pub rows: Vec<Row>,
    /// Whether at least one backend works.
    pub can_trace: bool,
}

/// Looks at everything. Programs are attached for a moment; nothing stays changed.
#[must_use]
pub fn examine() -> Report {
    let attempts = Attempts::make();
    let mut rows = attempts.rows();
    rows.extend(settings::capabilities());
    rows.extend(settings::kernel());
    rows.extend(settings::namespaces());
    Report { rows, can_trace: attempts.best().is_some() }
}
