//! The tasks of the project.

mod bench;
mod cache;
mod check;
mod command;
mod debian;
mod ebpf;
mod ebpf_tools;
mod paths;
mod report;
mod setup;
mod stage;
mod test;
mod toolchain;
mod vm;

use std::process::ExitCode;

use clap::Parser;

/// The tasks of the project
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Measure sockwhy and programs like it on this machine, and write the tables of BENCHMARKS.md
    Bench(bench::Options),
    /// Check formatting, lints and documentation, of the host's crates and of the BPF programs
    Check,
    /// Build the BPF object that sockwhy embeds, and write it to sockwhy/bpf
    Ebpf(ebpf::Options),
    /// Install what the tests need and this machine lacks (Debian)
    Setup,
    /// Set up, check, build and run all tests
    Test(test::Options),
    /// Run the tests on other kernels, in virtual machines
    Vm(vm::Options),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Bench(options) => bench::main(&options).map(|()| ExitCode::SUCCESS),
        Task::Check => check::main().map(|()| ExitCode::SUCCESS),
        Task::Ebpf(options) => ebpf::main(&options).map(|()| ExitCode::SUCCESS),
        Task::Setup => setup::main().map(|()| ExitCode::SUCCESS),
        Task::Test(options) => test::main(&options),
        Task::Vm(options) => vm::main(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("xtask: error: {error:#}");
        ExitCode::FAILURE
    })
}
