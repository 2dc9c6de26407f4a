//! What a tracer costs other programs: system calls that have nothing to do with connections.

use anyhow::Result;

use super::Bench;
use super::page::Table;
use super::statistics::Sample;
use super::tool::Sink;
use crate::command::progress;

pub(crate) fn measure(bench: &Bench) -> Result<String> {
    let mut tools = vec![(bench.sockwhy("sockwhy", &["-o", "json"]), Sample::default())];
    tools.extend(bench.tracers.iter().map(|tool| (tool.clone(), Sample::default())));
    let mut off = Sample::default();
    let rounds = bench.rounds(11);
    for round in 1..=rounds {
        progress(format_args!("round {round} of {rounds}"));
        off.push(bench.load.call()?);
        for (tool, sample) in &mut tools {
            let running = tool.start(Sink::File)?;
            sample.push(bench.load.call()?);
            running.stop()?;
        }
    }
    let mut table = Table::new(&["", "ns for a getppid()"]);
    table.row(&["no tracer".to_owned(), format!("{off:.0}")]);
    for (tool, sample) in tools {
        table.row(&[tool.name, format!("{sample:.0}")]);
    }
    Ok(table.finish())
}
