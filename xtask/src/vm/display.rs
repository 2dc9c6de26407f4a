//! What the user sees of the guests: what they do, what went wrong, and the table at the end.

use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::guest::{Guest, Outcome};
use super::kernel::{Kernel, RUNS};
use super::transcript::Run;
use crate::command::{BARS, progress};
use crate::report::Report;

/// Runs a guest and shows what it does: in a line where stderr is a terminal, below the lines of the runs that have
/// ended.
pub(crate) fn follow(guest: &Guest) -> Result<Outcome> {
    let name = guest.kernel.name;
    let style = ProgressStyle::with_template("{prefix:>14}  {wide_msg} {elapsed}")?;
    let bar = ProgressBar::new_spinner().with_style(style).with_prefix(name).with_message("boot");
    let bar = BARS.add(bar);
    bar.enable_steady_tick(Duration::from_millis(500));
    let mut shown = 0;
    let outcome = guest.run(|transcript| {
        for run in transcript.finished().skip(shown) {
            show(name, run);
            shown += 1;
        }
        let now = transcript.now();
        if bar.message() != now {
            bar.reset_elapsed();
            bar.set_message(now);
        }
    })?;
    BARS.remove(&bar);
    for run in &outcome.runs[shown..] {
        show(name, run);
    }
    if let Some(failure) = &outcome.failure {
        progress(format_args!("{name}: {failure}"));
    }
    Ok(outcome)
}

/// Prints the result of a run; where it failed, with all that the tests printed.
fn show(name: &str, run: &Run) {
    if run.report.failed() > 0 && !run.output.is_empty() {
        BARS.suspend(|| eprint!("\n{}", run.output));
    }
    progress(format_args!("{name} {}: {} in {} s", run.name, cell(run), run.duration.as_secs()));
}

/// Prints the result of each run in each guest, and returns the sum. There is no outcome where the kernel is not served.
pub(crate) fn summarise(outcomes: &[(&Kernel, Option<Outcome>)]) -> Report {
    let heading = ["guest", "kernel", "boot", "total"].into_iter().chain(RUNS).map(str::to_owned).collect();
    let (mut rows, mut sum) = (vec![heading], Report::default());
    for (kernel, outcome) in outcomes {
        let cells = outcome.as_ref().map_or_else(|| vec!["not served".to_owned()], row);
        rows.push([kernel.name.to_owned()].into_iter().chain(cells).collect());
        outcome.iter().flat_map(|outcome| &outcome.runs).for_each(|run| sum += run.report);
    }
    println!("\n{}", table(&rows));
    sum
}

/// The cells of a guest in the table, after its name.
fn row(outcome: &Outcome) -> Vec<String> {
    let seconds = |duration: Duration| format!("{} s", duration.as_secs());
    let mut boot = outcome.boot.map_or_else(|| "-".to_owned(), seconds);
    if outcome.is_retry {
        boot += " (2nd try)";
    }
    let runs = RUNS.iter().filter_map(|name| outcome.runs.iter().find(|run| run.name == *name));
    [outcome.release.clone(), boot, seconds(outcome.duration)].into_iter().chain(runs.map(cell)).collect()
}

/// A run in a few words.
fn cell(run: &Run) -> String {
    let report = &run.report;
    let rest = [(report.failed(), "failed"), (report.skipped(), "skipped")];
    let told = [(report.passed(), "passed")].into_iter().chain(rest.into_iter().filter(|(count, _)| *count > 0));
    told.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

/// Columns as wide as what is in them.
fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["kernel", "a", "b"]), row(["6.1", "12 passed", ""]), row(["6.12", "1", "2"])];
        assert_eq!(table(&rows), "kernel  a          b\n6.1     12 passed\n6.12    1          2\n");
    }
}
