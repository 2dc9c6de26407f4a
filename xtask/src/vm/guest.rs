//! A guest that runs the tests, from its start to its end.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::binaries::Binaries;
use super::image::Image;
use super::kernel::{Kernel, OTHER_TESTS, RUNS};
use super::machine::{End, Machine, SILENCE, lines};
use super::transcript::{Run, Transcript};
use crate::command::progress;

/// A machine that is ready to run the tests.
pub(crate) struct Guest {
    pub(crate) kernel: &'static Kernel,
    machine: Machine,
}

/// What became of a guest.
pub(crate) struct Outcome {
    /// Of its kernel.
    pub(crate) release: String,
    /// One for each of [`RUNS`].
    pub(crate) runs: Vec<Run>,
    /// From QEMU's start to the tests' first word.
    pub(crate) boot: Option<Duration>,
    /// Whether this is the second try, as the first ended before the first word.
    pub(crate) is_retry: bool,
    pub(crate) duration: Duration,
    /// Why the guest did not come to its end, and what its kernel said last.
    pub(crate) failure: Option<String>,
}

impl Guest {
    /// Makes the root file system.
    pub(crate) fn prepare(
        kernel: &'static Kernel,
        image: Image,
        binaries: &Binaries,
        arguments: &[String],
    ) -> Result<Self> {
        let guest = Self { kernel, machine: Machine::new(kernel, image, kernel.name)? };
        guest.install(binaries, arguments)?;
        Ok(guest)
    }

    /// Boots the guest and follows it until it switches itself off, dies or hangs. `watch` is called whenever it has
    /// said something. A guest that ends before its first word is booted once more: on a busy machine QEMU's timers
    /// sometimes stop it ("IO-APIC + timer doesn't work").
    pub(crate) fn run(&self, mut watch: impl FnMut(&Transcript)) -> Result<Outcome> {
        let outcome = self.run_once(&mut watch)?;
        match &outcome.failure {
            Some(failure) if outcome.boot.is_none() => {
                progress(format_args!("{}: {failure}\nIt is booted once more", self.kernel.name));
                Ok(Outcome { is_retry: true, ..self.run_once(&mut watch)? })
            }
            _ => Ok(outcome),
        }
    }

    fn run_once(&self, watch: &mut impl FnMut(&Transcript)) -> Result<Outcome> {
        let log = self.machine.file("tests.log");
        let mut log = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut transcript = Transcript::default();
        let mut boot = None;
        let start = Instant::now();
        let end = self.machine.run(|chunk| {
            boot.get_or_insert_with(|| start.elapsed());
            log.write_all(chunk).context("cannot write to tests.log")?;
            transcript.push(chunk);
            watch(&transcript);
            Ok(())
        })?;
        let last = transcript.now();
        let mut runs = transcript.finish();
        let unreached = RUNS.iter().filter(|name| runs.iter().all(|run| run.name != **name));
        let unreached: Vec<_> = unreached.map(|name| Run::unreached(name)).collect();
        let failure = match end {
            End::Silent => Some(format!("hung ({last}): it said nothing for {} minutes", SILENCE.as_secs() / 60)),
            End::Failed(why) => Some(format!("could not run: {why}")),
            End::Off if runs.last().is_none_or(|run| !run.ended) || !unreached.is_empty() => {
                Some(format!("died ({last})"))
            }
            End::Off => None,
        };
        runs.extend(unreached);
        Ok(Outcome {
            release: self.machine.image.release.clone(),
            runs,
            boot,
            is_retry: false,
            duration: start.elapsed(),
            failure: failure.map(|failure| format!("the guest {failure}\n{}", self.machine.console_end())),
        })
    }

    /// Lays the tests and what they need into the root file system.
    fn install(&self, binaries: &Binaries, arguments: &[String]) -> Result<()> {
        let mut root = self.machine.root(&binaries.busybox, include_bytes!("tests.sh"))?;
        root.file("sockwhy", &binaries.sockwhy);
        for (name, program) in &binaries.tests {
            root.file(name, program);
        }
        let runs = RUNS.map(|name| {
            let expected =
                if OTHER_TESTS.contains(&name) || self.kernel.backends.contains(&name) { "yes" } else { "no" };
            format!("{name} {expected}")
        });
        root.file("runs", lines(&runs).as_bytes());
        root.file("arguments", lines(arguments).as_bytes());
        self.machine.install(root)
    }
}
