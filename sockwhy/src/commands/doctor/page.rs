//! What `sockwhy doctor` found, as text and as JSON.

use serde::Serialize;

use super::report::{Report, Row};
use crate::model::Remedy;
use crate::term::Terminal;
use crate::term::json::{Shown, line};
use crate::term::paint::Paint;
use crate::term::prose::Prose;

/// A line for each row, and under it what to do where it is not as it should be.
pub(super) fn doctor_text(report: &Report, terminal: Terminal) -> Vec<u8> {
    const MARK: usize = "partly".len();
    let check = report.rows.iter().map(|row| row.check.len()).max().unwrap_or(0);
    let indent = MARK + 1 + check + 1;
    let paint = |code| Paint { color: terminal.color, code };
    let prose = Prose::new(terminal.width);
    let mut out = Vec::new();
    for row in &report.rows {
        let (mark, code) = match row.ok {
            Some(true) => ("yes", "32"),
            Some(false) => ("no", "31"),
            None => ("partly", "33"),
        };
        paint(code).cell(&mut out, mark, MARK);
        paint("1").cell(&mut out, row.check, check);
        prose.write(&mut out, &row.detail, indent, indent, paint(""));
        if let Some(fix) = &row.fix {
            prose.remedy(&mut out, fix, indent, paint("2"), paint("1"));
        }
    }
    out
}

/// One object per row.
pub(super) fn doctor_json(report: &Report) -> Vec<u8> {
    let mut out = Vec::new();
    for Row { check, ok, detail, fix } in &report.rows {
        let command = fix.as_ref().and_then(|fix| fix.command.as_deref());
        line(&mut out, &RowJson { check, ok: *ok, detail, fix: fix.as_ref().map(Shown), command });
    }
    out
}

/// A line of `sockwhy doctor -o json`.
#[derive(Serialize)]
struct RowJson<'a> {
    check: &'a str,
    ok: Option<bool>,
    detail: &'a str,
    /// What to do, the command included.
    fix: Option<Shown<&'a Remedy>>,
    /// The command alone.
    command: Option<&'a str>,
}
