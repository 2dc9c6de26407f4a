//! The share of events that are reported when connections are made as fast as possible.

use anyhow::Result;

use super::Bench;
use super::load::{Kind, Storm};
use super::page::Table;
use super::tool::{Sink, Tool, lines_written};
use crate::command::progress;

pub(crate) fn measure(bench: &Bench) -> Result<String> {
    let sockwhy = bench.sockwhy("sockwhy", &["-o", "json"]);
    let large = if bench.quick { 200_000 } else { 1_000_000 };
    let mut runs = vec![(&sockwhy, 100_000), (&sockwhy, large)];
    runs.extend(bench.tracers.iter().map(|tool| (tool, 100_000)));
    let mut table = Table::new(&["", "connections", "events to report", "reported", "of them"]);
    for (tool, connections) in runs {
        progress(format_args!("{}: {connections} connections", tool.name));
        let lines = storm(bench, tool, connections)?;
        let expected = u64::from(connections) * u64::from(tool.lines);
        #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 lines")]
        let part = 100.0 * lines as f64 / expected as f64;
        let cells = [connections.to_string(), expected.to_string(), lines.to_string(), format!("{part:.1} %")];
        table.row(&[tool.name.clone()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    Ok(table.finish())
}

/// Lines written about a storm of two threads.
fn storm(bench: &Bench, tool: &Tool, connections: u32) -> Result<u64> {
    let running = tool.start(Sink::File)?;
    let before = lines_written()?;
    bench.load.storm(Storm { kind: Kind::Ipv4, threads: 2, connections })?;
    running.settle()?;
    running.stop()?;
    Ok(lines_written()? - before)
}
