//! `cargo xtask bench`: sockwhy and programs like it, measured side by side in one run on this machine.
//!
//! The measurements are interleaved, so that a machine that changes its speed changes it for all. The tables are
//! printed, and replace those in BENCHMARKS.md. The text around them is written by hand.

mod calls;
mod cost;
mod guest;
mod latency;
mod list;
mod load;
mod loss;
mod machine;
mod page;
mod peers;
mod ratio;
mod start;
mod statistics;
mod storm;
mod tool;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use self::load::Load;
use self::peers::Peers;
use self::tool::{Begins, Tool};
use crate::command::{progress, run};
use crate::stage::stage;
use crate::toolchain::cargo;
use crate::{paths, setup};

#[derive(Args)]
pub(crate) struct Options {
    /// Fewer rounds and smaller loads, done in a few minutes
    #[arg(long)]
    quick: bool,
    /// What to measure; default: everything
    sections: Vec<Section>,
}

/// A part of BENCHMARKS.md.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Throughput of a storm with tracers over without
    Storm,
    /// The same for every kind of connection, to a file and to a pipe
    Kinds,
    /// Events reported of connections made
    Loss,
    /// BPF nanoseconds for each connection
    Kernel,
    /// What other system calls pay
    Calls,
    /// CPU time of reading, and memory
    Reader,
    /// From the start to the first event
    Start,
    /// How old an event is when it is shown
    Latency,
    /// Listing open sockets and their owners
    List,
    /// The fentry backend, and tools that need kprobes, in a virtual machine
    Guest,
}

impl Section {
    fn title(self) -> &'static str {
        match self {
            Self::Storm => "Throughput under a tracer",
            Self::Kinds => "Every kind of connection",
            Self::Loss => "Events reported",
            Self::Kernel => "Cost in the kernel",
            Self::Calls => "Cost to everything else",
            Self::Reader => "Cost of reading, and memory",
            Self::Start => "Start",
            Self::Latency => "Latency",
            Self::List => "Listing",
            Self::Guest => "Trampolines and kprobes, in a virtual machine",
        }
    }

    fn measure(self, bench: &Bench) -> Result<String> {
        match self {
            Self::Storm => storm::tools(bench),
            Self::Kinds => storm::kinds(bench),
            Self::Loss => loss::measure(bench),
            Self::Kernel => cost::kernel(bench),
            Self::Calls => calls::measure(bench),
            Self::Reader => cost::reader(bench),
            Self::Start => start::measure(bench),
            Self::Latency => latency::measure(bench),
            Self::List => list::measure(bench),
            Self::Guest => guest::measure(bench),
        }
    }
}

/// What the sections measure with.
struct Bench {
    load: Load,
    peers: Peers,
    /// Tracers to compare with that work on this machine.
    tracers: Vec<Tool>,
    sockwhy: PathBuf,
    quick: bool,
}

impl Bench {
    fn prepare(quick: bool) -> Result<(Self, Vec<String>)> {
        fs::create_dir_all(paths::bench()).with_context(|| format!("cannot create {}", paths::bench().display()))?;
        let release = paths::root().join("target/release");
        run(cargo().args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--package=sockwhy",
            "--package=xtask",
            "--bins",
        ]))?;
        let peers = Peers::prepare()?;
        let (tracers, absent) = peers.tracers();
        let load = Load { program: release.join("load") };
        Ok((Self { load, peers, tracers, sockwhy: release.join("sockwhy"), quick }, absent))
    }

    /// This many rounds in a full run, fewer in a quick one.
    fn rounds(&self, full: u32) -> u32 {
        if self.quick { full.div_ceil(5) } else { full }
    }

    /// `sockwhy trace` with these arguments.
    fn sockwhy(&self, name: &str, arguments: &[&str]) -> Tool {
        let mut command = vec![self.sockwhy.display().to_string(), "trace".to_owned()];
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let begins = Begins::Says("sockwhy: tracing");
        Tool { name: name.to_owned(), command, tracefs: false, begins, lines: 2 }
    }
}

pub(crate) fn main(options: &Options) -> Result<()> {
    ensure!(setup::is_root()?, "only root can trace: run it as root");
    let (bench, absent) = stage("preparation", || Bench::prepare(options.quick))?;
    for reason in &absent {
        progress(reason);
    }
    page::update("machine", "Machine", &machine::describe(&bench.peers, &absent)?)?;
    for section in Section::value_variants() {
        if !options.sections.is_empty() && !options.sections.contains(section) {
            continue;
        }
        let title = section.title();
        let tables = stage(title, || section.measure(&bench))?;
        println!("\n## {title}\n\n{tables}");
        let name = section.to_possible_value().context("no section is hidden")?.get_name().to_owned();
        page::update(&name, title, &tables)?;
    }
    Ok(())
}
