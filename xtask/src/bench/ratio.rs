//! Throughput of a storm with a tracer over throughput without.

use anyhow::Result;

use super::load::{Load, Storm};
use super::statistics::Sample;
use super::tool::{Sink, Tool};
use crate::command::progress;

/// A tool and where its output goes.
pub(crate) struct Watcher {
    pub(crate) tool: Tool,
    pub(crate) piped: bool,
}

/// The results of a storm.
pub(crate) struct Ratios {
    /// Connections a second without a tracer.
    pub(crate) off: Sample,
    /// The ratio for each tracer.
    pub(crate) watched: Vec<Sample>,
}

/// Throughput with each tracer over throughput without, for `rounds` rounds. A round is off, A, off, B, …, off. Each
/// tracer is compared with the mean of the two measurements around it, which cancels a steady change of the machine's
/// speed.
pub(crate) fn measure(what: &str, load: &Load, storm: Storm, watchers: &[Watcher], rounds: u32) -> Result<Ratios> {
    let mut ratios = Ratios { off: Sample::default(), watched: vec![Sample::default(); watchers.len()] };
    let mut before = load.storm(storm)?;
    for round in 1..=rounds {
        progress(format_args!("{what}: round {round} of {rounds}, {before:.0} connections a second without a tracer"));
        for (watcher, watched) in watchers.iter().zip(&mut ratios.watched) {
            let running = watcher.tool.start(if watcher.piped { Sink::Pipe } else { Sink::File })?;
            let on = load.storm(storm)?;
            // Unfinished work would slow down the next measurement.
            running.settle()?;
            running.stop()?;
            let after = load.storm(storm)?;
            watched.push(on / f64::midpoint(before, after));
            ratios.off.push(before);
            before = after;
        }
    }
    Ok(ratios)
}
