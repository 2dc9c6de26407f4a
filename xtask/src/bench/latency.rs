//! How old an event is when sockwhy's reader gets it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use super::Bench;
use super::load::{Kind, Storm};
use super::page::Table;
use super::statistics::Sample;
use super::tool::Sink;

pub(crate) fn measure(bench: &Bench) -> Result<String> {
    let mut table = Table::new(&["ms", "median", "99 %", "most", "target"]);
    let mut row = |what: &str, ages: &Sample, target: &str| {
        let [median, most_of_them, all] = [0.5, 0.99, 1.0].map(|part| format!("{:.1}", ages.quantile(part)));
        table.row(&[what, &median, &most_of_them, &all, target]);
    };
    let quiet = ages(bench, || {
        let pause = Duration::from_millis(50);
        let _traffic = bench.load.drip(50_000, 10_000)?;
        thread::sleep(pause * bench.rounds(100));
        Ok(())
    })?;
    row("a connection every 50 ms", &quiet, "≤ 100");
    for threads in [1, 2] {
        let storm = Storm { kind: Kind::Ipv4, threads, connections: bench.rounds(200_000) };
        let busy = ages(bench, || bench.load.storm(storm).map(drop))?;
        let plural = if threads == 1 { "" } else { "s" };
        row(&format!("a storm from {threads} thread{plural}"), &busy, "a few");
    }
    Ok(table.finish())
}

/// Milliseconds between the time in an event and its arrival, for the oldest event of each chunk of output.
fn ages(bench: &Bench, traffic: impl FnOnce() -> Result<()>) -> Result<Sample> {
    let ages = Arc::new(Mutex::new(Sample::default()));
    let seen = Arc::clone(&ages);
    let watch = move |chunk: &[u8]| {
        if let Some(age) = oldest(chunk) {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(age);
        }
    };
    let running = bench.sockwhy("sockwhy", &["-o", "json"]).start(Sink::Watched(Box::new(watch)))?;
    traffic()?;
    running.settle()?;
    running.stop()?;
    Ok(ages.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// The age of the first event whose time is in these bytes.
fn oldest(chunk: &[u8]) -> Option<f64> {
    const HOUR: f64 = 3_600_000.0;
    const TIME: &[u8] = b"\"time\":\"";
    let at = chunk.windows(TIME.len()).position(|bytes| bytes == TIME)? + TIME.len();
    // 2026-01-01T00:MM:SS.nnnnnnnnnZ; the hour is the same, or has just begun.
    let number = |from: usize, length: usize| -> Option<f64> {
        std::str::from_utf8(chunk.get(at + from..at + from + length)?).ok()?.parse().ok()
    };
    let then = number(14, 2)? * 60_000.0 + number(17, 12)? * 1_000.0;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64() * 1_000.0;
    Some((now - then).rem_euclid(HOUR))
}
