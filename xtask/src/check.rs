//! `cargo xtask check`: formatting, lints and documentation, without running anything.

use anyhow::Result;

use crate::command::run;
use crate::ebpf;
use crate::stage::stage;
use crate::toolchain::cargo;

/// The crates for this machine: `sockwhy-ebpf` is for a BPF target.
pub(crate) const HOST_CRATES: [&str; 3] = ["--locked", "--workspace", "--exclude=sockwhy-ebpf"];

pub(crate) fn main() -> Result<()> {
    stage("formatting", || run(cargo().args(["fmt", "--all", "--check"])))?;
    stage("lints", || run(cargo().arg("clippy").args(HOST_CRATES).args(["--all-targets", "--", "--deny=warnings"])))?;
    stage("lints of the BPF programs", ebpf::lint)?;
    stage("documentation", || {
        run(cargo().arg("doc").args(HOST_CRATES).arg("--no-deps").env("RUSTDOCFLAGS", "--deny=warnings"))
    })
}
