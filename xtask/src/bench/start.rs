//! The time from the start of a program to its first event.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Bench;
use super::page::Table;
use super::statistics::Sample;
use super::tool::{Sink, Tool};
use crate::command::{progress, run};

pub(crate) fn measure(bench: &Bench) -> Result<String> {
    let mut tools = vec![(bench.sockwhy("sockwhy trace", &["-o", "json"]), "≤ 100 ms")];
    tools.extend(bench.tracers.iter().map(|tool| (tool.clone(), "")));
    let mut table = Table::new(&["", "ms to the first event", "target"]);
    for (tool, target) in tools {
        progress(&tool.name);
        let sample = (0..bench.rounds(21)).map(|_| first_event(bench, &tool)).collect::<Result<Sample>>()?;
        table.row(&[tool.name, format!("{sample:.0}"), target.to_owned()]);
    }
    let version = (0..bench.rounds(51)).map(|_| version(bench)).collect::<Result<Sample>>()?;
    table.row(&["sockwhy --version, to its end".to_owned(), format!("{version:.1}"), "< 5 ms".to_owned()]);
    Ok(table.finish())
}

/// Milliseconds until a tool has written its first line about one of the connections that are made all the while.
fn first_event(bench: &Bench, tool: &Tool) -> Result<f64> {
    // Many, because some programs write only full blocks.
    let _traffic = bench.load.drip(100, 100_000)?;
    let (sender, arrived) = mpsc::channel();
    let watch = move |chunk: &[u8]| {
        // The header does not have the name of the process that connects.
        if chunk.windows(4).any(|bytes| bytes == b"load") {
            let _not_the_first = sender.send(Instant::now());
        }
    };
    let start = Instant::now();
    let running = tool.spawn(Sink::Watched(Box::new(watch)))?;
    let first = arrived.recv_timeout(Duration::from_secs(20));
    let first = first.with_context(|| format!("{} delivered no event", tool.name))?;
    running.stop()?;
    Ok(milliseconds(first - start))
}

fn version(bench: &Bench) -> Result<f64> {
    let start = Instant::now();
    run(Command::new(&bench.sockwhy).arg("--version").stdout(Stdio::null()))?;
    Ok(milliseconds(start.elapsed()))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
