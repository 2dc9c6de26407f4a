//! The tasks of the project.

mod cache;
mod command;
mod debian;
mod ebpf;
mod ebpf_tools;
mod paths;
mod toolchain;
mod vm;

use std::process::ExitCode;

use clap::Parser;

/// The tasks of the project
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Build the BPF object that sockwhy embeds, and write it to sockwhy/bpf
    Ebpf(ebpf::Options),
    /// Run the acceptance tests on other kernels, in virtual machines
    Vm(vm::Options),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Ebpf(options) => ebpf::main(&options),
        Task::Vm(options) => vm::main(&options),
    };
    if let Err(error) = result {
        eprintln!("xtask: error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
