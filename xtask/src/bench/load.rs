//! The program that makes connections, and the ways to run it.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::command::output;

/// The program `load` of this repository.
pub(crate) struct Load {
    pub(crate) program: PathBuf,
}

/// The kinds of connection that `load` knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ipv4,
    Ipv6,
    DualStack,
    Mapped,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Ipv4, Self::Ipv6, Self::DualStack, Self::Mapped];

    /// As `load` calls it.
    fn argument(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::DualStack => "dual-stack",
            Self::Mapped => "mapped",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::DualStack => "IPv4 to a dual-stack listener",
            Self::Mapped => "mapped (AF_INET6 to `::ffff:`)",
        })
    }
}

/// As many connections as these threads can make.
#[derive(Clone, Copy)]
pub(crate) struct Storm {
    pub(crate) kind: Kind,
    pub(crate) threads: u32,
    /// Of all threads together.
    pub(crate) connections: u32,
}

impl Load {
    /// Connections a second.
    pub(crate) fn storm(&self, storm: Storm) -> Result<f64> {
        let Storm { kind, threads, connections } = storm;
        let arguments = ["storm", "--kind", kind.argument(), "--threads", &threads.to_string()];
        let seconds = self.seconds(&[&arguments[..], &["--connections", &connections.to_string()]].concat())?;
        Ok(f64::from(connections) / seconds)
    }

    /// Nanoseconds of a system call that does nothing.
    pub(crate) fn call(&self) -> Result<f64> {
        const CALLS: u32 = 2_000_000;
        Ok(self.seconds(&["calls", "--count", &CALLS.to_string()])? * 1e9 / f64::from(CALLS))
    }

    fn seconds(&self, arguments: &[&str]) -> Result<f64> {
        let seconds = output(Command::new(&self.program).args(arguments))?;
        seconds.trim().parse().with_context(|| format!("load printed {seconds:?}"))
    }

    /// A connection after each pause, until the guard is dropped.
    pub(crate) fn drip(&self, pause_us: u32, connections: u32) -> Result<Background> {
        let arguments = ["drip", "--pause", &pause_us.to_string(), "--connections", &connections.to_string()];
        Background::start(Command::new(&self.program).args(arguments))
    }

    /// Open connections, until the guard is dropped.
    pub(crate) fn hold(&self, connections: u32) -> Result<Background> {
        let mut held = Background::start(
            Command::new(&self.program)
                .args(["hold", "--connections", &connections.to_string()])
                .stdout(Stdio::piped()),
        )?;
        let stdout = held.0.stdout.take().context("stdout is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("cannot read what load says")?;
        ensure!(line.starts_with("holds "), "load could not open {connections} connections; it says why above");
        Ok(held)
    }
}

/// A `load` that runs until this is dropped.
pub(crate) struct Background(Child);

impl Background {
    fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).spawn().context("cannot run load").map(Self)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // The end of its stdin tells it to end.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
