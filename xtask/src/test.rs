//! `cargo xtask test`: everything that must hold before a change is merged, on this machine.

use std::process::{ExitCode, Stdio};
use std::{env, io, thread};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::check::{self, HOST_CRATES};
use crate::command::{progress, run};
use crate::report::Report;
use crate::stage::stage;
use crate::toolchain::cargo;
use crate::{ebpf, paths, setup, vm};

#[derive(Args)]
pub(crate) struct Options {
    /// Run only the tests whose names contain this, or pass options to the test programs
    #[arg(last = true, value_name = "FILTER")]
    arguments: Vec<String>,
}

pub(crate) fn main(options: &Options) -> Result<ExitCode> {
    stage("setup", setup::main)?;
    stage("check", check::main)?;
    stage("BPF object", ebpf::check)?;
    stage("build", || run(cargo().args(["build", "--release", "--locked"])))?;
    stage("build of the tests", || run(cargo().arg("test").args(HOST_CRATES).arg("--no-run")))?;
    let mut report = Report::default();
    let outcome = stage("tests", || cargo_test(&options.arguments, &mut report))
        .and_then(|()| stage("virtual machines", || guests(&options.arguments, &mut report)));
    if let Err(error) = &outcome {
        progress(format_args!("error: {error:#}"));
    }
    // CI looks for the counts on the last line.
    println!("{report}");
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the tests on other kernels, and counts them in `report`. Tests of what a kernel lacks are skipped there, in CI
/// too.
fn guests(arguments: &[String], report: &mut Report) -> Result<()> {
    let outcome = vm::run(&vm::Options::of_tests(arguments))?;
    let failed = outcome.failed();
    *report += outcome;
    ensure!(failed == 0, "{failed} failed in the guests; the failures are above");
    Ok(())
}

/// Runs all tests, also past one that failed, and counts them in `report`.
fn cargo_test(arguments: &[String], report: &mut Report) -> Result<()> {
    // Without --show-output, the harness hides the output of tests that passed, and so why they were skipped.
    let mut child = cargo()
        .arg("test")
        .args(HOST_CRATES)
        .args(["--no-fail-fast", "--", "--show-output"])
        .args(arguments)
        // The sockwhy that users run: an unoptimised one is too slow for a storm.
        .env("SOCKWHY_BIN", paths::root().join("target/release/sockwhy"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let (from_stdout, from_stderr) = thread::scope(|scope| {
        let from_stderr = scope.spawn(|| Report::copy(stderr, io::stderr()));
        (Report::copy(stdout, io::stdout()), from_stderr.join().expect("copying does not panic"))
    });
    *report += from_stdout.context("cannot copy the tests' stdout")?;
    *report += from_stderr.context("cannot copy the tests' stderr")?;
    if !child.wait().context("cannot wait for cargo")?.success() {
        bail!("not all tests passed; what failed is named above");
    }
    // In CI a skipped test is a failure: the machine must have everything that the tests need.
    if report.skipped() > 0 && env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("in CI all tests must run, and {} said `skipped` (the reasons are above)", report.skipped());
    }
    Ok(())
}
