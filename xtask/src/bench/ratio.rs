//! How much of a storm is left while somebody watches.

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

/// What a storm came to.
pub(crate) struct Ratios {
    /// Connections a second while nobody watched.
    pub(crate) off: Sample,
    /// What was left of that, for each watcher.
    pub(crate) watched: Vec<Sample>,
}

/// Throughput with each watcher over throughput without, of `rounds` rounds. A round is off, A, off, B, …, off; each
/// watcher is compared with the mean of the two that it stands between, so that a machine that grows slower or faster
/// on the way does not count.
pub(crate) fn measure(what: &str, load: &Load, storm: Storm, watchers: &[Watcher], rounds: u32) -> Result<Ratios> {
    let mut ratios = Ratios { off: Sample::default(), watched: vec![Sample::default(); watchers.len()] };
    let mut before = load.storm(storm)?;
    for round in 1..=rounds {
        progress(format_args!("{what}: round {round} of {rounds}, {before:.0} connections a second without a tracer"));
        for (watcher, watched) in watchers.iter().zip(&mut ratios.watched) {
            let running = watcher.tool.start(if watcher.piped { Sink::Pipe } else { Sink::File })?;
            let on = load.storm(storm)?;
            // What it has not yet dealt with would slow the next.
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
