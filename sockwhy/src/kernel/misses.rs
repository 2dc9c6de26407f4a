//! Runs that the kernel itself misses.
//!
//! It does not run a program on a CPU where the same program is running already (`bpf_prog_inc_misses_counter()`), and
//! where programs can be preempted, that may be another task's. Since 5.12 the kernel counts it, and `fdinfo` tells.

use std::os::fd::{AsFd, AsRawFd};

use aya::Ebpf;

use super::hooks::{self, Miss};
use crate::host::own_descriptor;

/// How often the kernel missed running the programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Misses {
    /// Each of these was an event.
    pub events: u64,
    /// Each of these may have been an accept.
    pub system_calls: u64,
}

impl Misses {
    /// The counts since the programs were loaded.
    pub(super) fn count(ebpf: &Ebpf) -> Self {
        let mut misses = Self::default();
        for (name, program) in ebpf.programs() {
            let Ok(fd) = program.fd() else { continue };
            let count = own_descriptor(fd.as_fd().as_raw_fd(), "recursion_misses").unwrap_or(0);
            match hooks::miss(name) {
                Miss::Event => misses.events += count,
                Miss::SystemCall => misses.system_calls += count,
                Miss::Nothing => {}
            }
        }
        misses
    }
}
