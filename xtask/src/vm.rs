//! `cargo xtask vm`: the tests on Debian's own kernels, each in a virtual machine; those of tracing once per backend.
//!
//! QEMU emulates the machine, so neither root nor a CPU that can virtualise is needed. A guest has no disk: its kernel
//! unpacks an archive with a shell, sockwhy and the tests into memory, and `vm/tests.sh` runs them.

pub(crate) mod binaries;
mod display;
mod guest;
mod initramfs;
pub(crate) mod kernel;
pub(crate) mod machine;
mod transcript;

use std::fs::{self, File, TryLockError};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use self::binaries::Binaries;
use self::display::{Display, summarise};
use self::guest::{Guest, Outcome};
use self::kernel::KERNELS;
use crate::command::progress;
use crate::paths;
use crate::report::Report;

#[derive(Args)]
pub(crate) struct Options {
    /// The kernels to boot; all where none is named
    #[arg(value_name = "KERNEL", value_parser = PossibleValuesParser::new(KERNELS.iter().map(|kernel| kernel.name)))]
    kernels: Vec<String>,
    /// Run only the tests whose names contain this, or pass options to the tests
    #[arg(last = true, value_name = "FILTER")]
    arguments: Vec<String>,
}

impl Options {
    /// All kernels, with these arguments for the tests.
    pub(crate) fn of_tests(arguments: &[String]) -> Self {
        Self { kernels: Vec::new(), arguments: arguments.to_owned() }
    }
}

pub(crate) fn main(options: &Options) -> Result<ExitCode> {
    let report = run(options)?;
    println!("{report}");
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Boots the kernels, prints a table of how the tests fared there, and returns the sum.
pub(crate) fn run(options: &Options) -> Result<Report> {
    machine::require_qemu()?;
    let _lock = lock()?;
    let binaries = Binaries::prepare()?;
    let guests = KERNELS
        .iter()
        .filter(|kernel| options.kernels.is_empty() || options.kernels.iter().any(|name| name == kernel.name))
        .map(|kernel| Guest::prepare(kernel, &binaries, &options.arguments))
        .collect::<Result<Vec<_>>>()?;
    let outcomes = run_side_by_side(&guests)?;
    let report = summarise(&outcomes);
    if report == Report::default() {
        bail!("no test ran: none has such a name");
    }
    Ok(report)
}

/// Keeps other runs in this clone from the guests' folders for as long as it lives.
pub(crate) fn lock() -> Result<File> {
    fs::create_dir_all(paths::vm()).with_context(|| format!("cannot create {}", paths::vm().display()))?;
    let lock = File::create(paths::vm().join(".lock")).context("cannot create the guests' lock")?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("another `cargo xtask vm` is running in this clone"),
        Err(TryLockError::Error(error)) => return Err(error).context("cannot take the guests' lock"),
    }
    Ok(lock)
}

/// Runs the guests, as many at a time as there are CPUs. The outcomes are in the guests' order.
fn run_side_by_side(guests: &[Guest]) -> Result<Vec<(&Guest, Outcome)>> {
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(guests.len());
    let names: Vec<_> = guests.iter().map(|guest| guest.kernel.name).collect();
    progress(format_args!("booting {}, {lanes} at a time", names.join(", ")));
    let display = Display::default();
    let waiting = Mutex::new(guests.iter().enumerate());
    let lane = || {
        let mut outcomes = Vec::new();
        loop {
            // A statement of its own: the lock must not be held while the guest runs.
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, guest)) = next else { return Ok(outcomes) };
            outcomes.push((place, guest, display.follow(guest)?));
        }
    };
    let outcomes = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().map(|lane| lane.join().expect("no lane panics")).collect::<Result<Vec<_>>>()
    })?;
    let mut outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    outcomes.sort_by_key(|(place, ..)| *place);
    Ok(outcomes.into_iter().map(|(_, guest, outcome)| (guest, outcome)).collect())
}
