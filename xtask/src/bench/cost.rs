//! What a tracer costs beyond the slower connections: in the kernel, in its own process, and in memory.

use anyhow::Result;

use super::Bench;
use super::load::{Kind, Storm};
use super::machine::BpfStatistics;
use super::page::Table;
use super::statistics::Sample;
use super::tool::{Sink, Tool, lines_written};
use crate::command::progress;

/// BPF programs' runs and nanoseconds for each connection.
pub(crate) fn kernel(bench: &Bench) -> Result<String> {
    let _enabled = BpfStatistics::enable()?;
    let mut tools = vec![(bench.sockwhy("sockwhy", &["-o", "json"]), "≤ 2000 ns")];
    tools.extend(bench.tracers.iter().map(|tool| (tool.clone(), "")));
    let storm = Storm { kind: Kind::Ipv4, threads: 1, connections: 40_000 };
    let mut table = Table::new(&["", "ns for a connection", "program runs", "target"]);
    for (tool, target) in tools {
        progress(&tool.name);
        let (mut nanoseconds, mut runs) = (Sample::default(), Sample::default());
        for _ in 0..bench.rounds(7) {
            let running = tool.start(Sink::File)?;
            let before = running.bpf()?;
            bench.load.storm(storm)?;
            let after = running.bpf()?;
            running.stop()?;
            nanoseconds.push(each(after.nanoseconds - before.nanoseconds, storm.connections));
            runs.push(each(after.runs - before.runs, storm.connections));
        }
        table.row(&[tool.name, format!("{nanoseconds:.0}"), format!("{:.1}", runs.median()), target.to_owned()]);
    }
    Ok(table.finish())
}

/// CPU time of the reading process, and its peak memory.
pub(crate) fn reader(bench: &Bench) -> Result<String> {
    let mut tools: Vec<(Tool, &str)> = vec![
        (bench.sockwhy("sockwhy, JSON", &["-o", "json"]), "≤ 0.15 s, ≤ 16 MiB"),
        (bench.sockwhy("sockwhy, text", &[]), "≤ 0.10 s"),
    ];
    tools.extend(bench.tracers.iter().map(|tool| (tool.clone(), "")));
    let storm = Storm { kind: Kind::Ipv4, threads: 1, connections: 50_000 };
    let mut table = Table::new(&["", "CPU s for 100 000 lines", "peak MiB", "target"]);
    for (tool, target) in tools {
        progress(&tool.name);
        let (mut seconds, mut memory) = (Sample::default(), Sample::default());
        for _ in 0..bench.rounds(7) {
            let running = tool.start(Sink::File)?;
            let (before, lines) = (running.cpu()?, lines_written()?);
            bench.load.storm(storm)?;
            running.settle()?;
            let cpu = running.cpu()?.saturating_sub(before);
            memory.push(f64::from(running.peak_memory()?) / 1024.0);
            running.stop()?;
            let lines = lines_written()? - lines;
            #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 lines")]
            seconds.push(cpu.as_secs_f64() * 100_000.0 / lines as f64);
        }
        table.row(&[tool.name, seconds.to_string(), format!("{:.1}", memory.median()), target.to_owned()]);
    }
    Ok(table.finish())
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 nanoseconds")]
fn each(total: u64, connections: u32) -> f64 {
    total as f64 / f64::from(connections)
}
