//! Throughput with tracers over throughput without: how much a tracer slows down what it traces.

use std::process;

use anyhow::Result;

use super::Bench;
use super::load::{Kind, Storm};
use super::page::Table;
use super::ratio::{self, Ratios, Watcher};

const THREADS: [u32; 2] = [1, 2];

/// Connections in one measurement, for each thread.
const CONNECTIONS: u32 = 40_000;

/// sockwhy and the others, over IPv4, their output to a file.
pub(crate) fn tools(bench: &Bench) -> Result<String> {
    let mut tools = vec![
        (bench.sockwhy("sockwhy, JSON", &["-o", "json"]), "≥ 0.95 / ≥ 0.90"),
        (bench.sockwhy("sockwhy, text", &[]), ""),
        // This process makes no connections while a tracer runs.
        (bench.sockwhy("sockwhy, another process wanted", &["--pid", &process::id().to_string()]), "≥ 0.98"),
    ];
    tools.extend(bench.tracers.iter().map(|tool| (tool.clone(), "")));
    let watchers: Vec<_> = tools.iter().map(|(tool, _)| Watcher { tool: tool.clone(), piped: false }).collect();
    let by_threads = measure(bench, Kind::Ipv4, &watchers, 15)?;
    let mut table = Table::new(&["", "1 thread", "2 threads", "target"]);
    let off = by_threads.iter().map(|ratios| format!("{:.0} a second", ratios.off));
    table.row(&["no tracer".to_owned()].into_iter().chain(off).chain([String::new()]).collect::<Vec<_>>());
    for (index, (tool, target)) in tools.iter().enumerate() {
        let [one, two] = &by_threads;
        let cells = [tool.name.clone(), one.watched[index].to_string(), two.watched[index].to_string()];
        table.row(&cells.into_iter().chain([(*target).to_owned()]).collect::<Vec<_>>());
    }
    Ok(table.finish())
}

/// sockwhy over every kind of connection, its output to a file and to a pipe.
pub(crate) fn kinds(bench: &Bench) -> Result<String> {
    let watchers = [false, true].map(|piped| Watcher { tool: bench.sockwhy("sockwhy", &["-o", "json"]), piped });
    let mut table = Table::new(&["", "1 thread, file", "1 thread, pipe", "2 threads, file", "2 threads, pipe"]);
    for kind in Kind::ALL {
        let by_threads = measure(bench, kind, &watchers, 11)?;
        let cells = by_threads.iter().flat_map(|ratios| ratios.watched.iter().map(ToString::to_string));
        table.row(&[kind.to_string()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    Ok(table.finish())
}

fn measure(bench: &Bench, kind: Kind, watchers: &[Watcher], rounds: u32) -> Result<[Ratios; 2]> {
    let [one, two] = THREADS.map(|threads| {
        let storm = Storm { kind, threads, connections: threads * CONNECTIONS };
        let what = format!("{kind}, {threads} thread{}", if threads == 1 { "" } else { "s" });
        ratio::measure(&what, &bench.load, storm, watchers, bench.rounds(rounds))
    });
    Ok([one?, two?])
}
