//! `cargo xtask vm`: the tests on Debian's own kernels, each in a virtual machine; those of tracing once per backend.
//!
//! QEMU emulates the machine, so neither root nor a CPU that can virtualise is needed. A guest has no disk: its kernel
//! unpacks an archive with a shell, sockwhy and the tests into memory, and `vm/tests.sh` runs them.

pub(crate) mod binaries;
mod display;
mod guest;
pub(crate) mod image;
mod initramfs;
pub(crate) mod kernel;
pub(crate) mod machine;
mod transcript;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use self::binaries::Binaries;
use self::display::summarise;
use self::guest::{Guest, Outcome};
use self::image::Image;
use self::kernel::{Age, KERNELS, Kernel};
use crate::command::progress;
use crate::paths;
use crate::report::Report;

#[derive(Args)]
pub(crate) struct Options {
    /// The guests to boot; those of `cargo xtask test` where none is named
    #[arg(value_name = "GUEST", value_parser = PossibleValuesParser::new(KERNELS.iter().map(|kernel| kernel.name)))]
    guests: Vec<String>,
    /// Run only the tests whose names contain this, or pass options to the tests
    #[arg(last = true, value_name = "FILTER")]
    arguments: Vec<String>,
}

impl Options {
    /// The guests that boot where none is named, with these arguments for the tests.
    pub(crate) fn of_tests(arguments: &[String]) -> Self {
        Self { guests: Vec::new(), arguments: arguments.to_owned() }
    }

    fn selects(&self, kernel: &Kernel) -> bool {
        if self.guests.is_empty() { !kernel.on_request } else { self.guests.iter().any(|name| name == kernel.name) }
    }
}

pub(crate) fn main(options: &Options) -> Result<ExitCode> {
    let report = run(options)?;
    println!("{report}");
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Boots the guests, prints a table of their results, and returns the sum.
pub(crate) fn run(options: &Options) -> Result<Report> {
    machine::require_qemu()?;
    let _lock = lock()?;
    let binaries = Binaries::prepare()?;
    let kernels: Vec<_> = KERNELS.iter().filter(|kernel| options.selects(kernel)).collect();
    let outcomes = side_by_side(&kernels, |kernel| run_guest(kernel, &binaries, &options.arguments))?;
    let mut report = summarise(&outcomes);
    for age in ages_not_served(outcomes.iter().map(|(kernel, outcome)| (kernel.age, outcome.is_some()))) {
        progress(format_args!(
            "no guest of the age `{age:?}` ran: name kernels that Debian serves in the table of xtask/src/vm/kernel.rs"
        ));
        report += Report::failure();
    }
    if report == Report::default() {
        bail!("no test ran: none has such a name");
    }
    Ok(report)
}

/// Gets a kernel and runs the tests on it. None where it cannot be had.
fn run_guest(kernel: &'static Kernel, binaries: &Binaries, arguments: &[String]) -> Result<Option<Outcome>> {
    let image = match Image::get(kernel) {
        Ok(image) => image,
        Err(error) => {
            progress(format_args!("{}: not served: {error:#}", kernel.name));
            return Ok(None);
        }
    };
    display::follow(&Guest::prepare(kernel, image, binaries, arguments)?).map(Some)
}

/// The ages without a guest that ran, from the age of each and whether it ran.
fn ages_not_served(guests: impl Iterator<Item = (Age, bool)>) -> BTreeSet<Age> {
    let (served, not_served): (Vec<_>, Vec<_>) = guests.partition(|(_, is_served)| *is_served);
    let ages = |guests: Vec<(Age, bool)>| guests.into_iter().map(|(age, _)| age).collect::<BTreeSet<_>>();
    &ages(not_served) - &ages(served)
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

/// Calls `run` with each kernel, with as many at a time as there are CPUs. The outcomes are in the kernels' order.
fn side_by_side<T: Send>(
    kernels: &[&'static Kernel],
    run: impl Fn(&'static Kernel) -> Result<T> + Sync,
) -> Result<Vec<(&'static Kernel, T)>> {
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(kernels.len());
    let names: Vec<_> = kernels.iter().map(|kernel| kernel.name).collect();
    progress(format_args!("booting {}, {lanes} at a time", names.join(", ")));
    let waiting = Mutex::new(kernels.iter().enumerate());
    let lane = || {
        let mut outcomes = Vec::new();
        loop {
            // A statement of its own: the lock must not be held while the guest runs.
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, kernel)) = next else { return Ok(outcomes) };
            outcomes.push((place, *kernel, run(kernel)?));
        }
    };
    let outcomes = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().map(|lane| lane.join().expect("no lane panics")).collect::<Result<Vec<_>>>()
    })?;
    let mut outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    outcomes.sort_by_key(|(place, ..)| *place);
    Ok(outcomes.into_iter().map(|(_, kernel, outcome)| (kernel, outcome)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_guest_of_an_age_is_enough() {
        let missing = |guests: &[(Age, bool)]| Vec::from_iter(ages_not_served(guests.iter().copied()));
        assert_eq!(missing(&[(Age::Oldest, false), (Age::Stable, true), (Age::Oldest, true)]), []);
        assert_eq!(
            missing(&[(Age::Newest, false), (Age::Oldest, false), (Age::Stable, true), (Age::Oldest, false)]),
            [Age::Oldest, Age::Newest]
        );
        // Where guests are named, the ages of the others are not asked for.
        assert_eq!(missing(&[(Age::Stable, true)]), []);
    }

    #[test]
    fn guests_on_request_boot_only_where_they_are_named() {
        let boots = |guests: &[&str]| {
            let options =
                Options { guests: guests.iter().map(|&name| name.to_owned()).collect(), arguments: Vec::new() };
            KERNELS.iter().filter(|kernel| options.selects(kernel)).map(|kernel| kernel.name).collect::<Vec<_>>()
        };
        assert!(boots(&[]).contains(&"6.12"));
        assert!(!boots(&[]).contains(&"6.12-preempt"));
        assert_eq!(boots(&["6.12-preempt"]), ["6.12-preempt"]);
    }
}
