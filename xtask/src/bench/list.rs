//! Listing open sockets and their owners.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use super::Bench;
use super::load::Background;
use super::page::Table;
use super::statistics::Sample;
use crate::command::progress;

/// How many sockets are open besides the machine's own.
const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 400_000];

/// Connections that one process holds. Both ends of each take less than its limit of descriptors.
const HELD: u32 = 9_000;

/// With more sockets than this, programs run once: some take minutes.
const LARGE: u32 = 100_000;

/// sockwhy and the others, each at every size.
pub(crate) fn measure(bench: &Bench) -> Result<String> {
    let sockwhy = |arguments: &[&str]| {
        [&[bench.sockwhy.display().to_string()][..], &arguments.iter().map(|&word| word.into()).collect::<Vec<_>>()]
            .concat()
    };
    let tools = [
        ("sockwhy list -a", sockwhy(&["list", "-a"])),
        ("sockwhy list -a -o json", sockwhy(&["list", "-a", "-o", "json"])),
        ("ss -tan (no owners)", bench.peers.command("usr/bin/ss", &["-tan"])),
        ("ss -tanp", bench.peers.command("usr/bin/ss", &["-tanp"])),
        ("netstat -tanp", bench.peers.command("usr/bin/netstat", &["-tanp"])),
        ("lsof -nP -iTCP", bench.peers.command("usr/bin/lsof", &["-nP", "-iTCP"])),
    ];
    let sizes = if bench.quick { &SIZES[..3] } else { &SIZES[..] };
    let mut cells: Vec<Vec<String>> = tools.iter().map(|(name, _)| vec![(*name).to_owned()]).collect();
    for &size in sizes {
        progress(format_args!("{size} sockets"));
        let _held = hold(bench, size / 2)?;
        let rounds = if size > LARGE { 1 } else { bench.rounds(5) };
        let mut samples = vec![Sample::default(); tools.len()];
        for _ in 0..rounds {
            for ((_, command), sample) in tools.iter().zip(&mut samples) {
                sample.push(seconds(command)?);
            }
        }
        let ours = samples[0].median();
        for (cells, sample) in cells.iter_mut().zip(&samples) {
            cells.push(format!("{:.2} s, {:.1}×", sample.median(), sample.median() / ours));
        }
    }
    let head: Vec<_> = [String::new()].into_iter().chain(sizes.iter().map(|size| format!("{size} sockets"))).collect();
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &cells {
        table.row(row);
    }
    Ok(table.finish())
}

/// Opens connections, in as many processes as that takes.
fn hold(bench: &Bench, connections: u32) -> Result<Vec<Background>> {
    let full = (0..connections / HELD).map(|_| HELD);
    full.chain([connections % HELD]).map(|connections| bench.load.hold(connections)).collect()
}

/// How long a program takes to write its whole list to `/dev/null`.
fn seconds(command: &[String]) -> Result<f64> {
    let (program, arguments) = command.split_first().context("a command has a program")?;
    let start = Instant::now();
    // The exit code does not matter: lsof fails if it could not read any single file.
    let mut child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    child.wait().with_context(|| format!("cannot wait for {program}"))?;
    Ok(start.elapsed().as_secs_f64())
}
