//! Hooks that the kernel itself passed over.
//!
//! It does not run a program on a CPU where the same program is running already (`bpf_prog_inc_misses_counter()`), and
//! where programs can be preempted, that may be another task's. Nothing can be done about it, but since 5.12 it is
//! counted, and `fdinfo` tells.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

use aya::Ebpf;

/// The programs of which each run is an event.
const ONE_EVENT_EACH: [&str; 6] = [
    "fentry_tcp_connect",
    "fentry_security_sock_graft",
    "kprobe_tcp_connect",
    "kprobe_security_sock_graft",
    "tp_sys_exit_accept",
    "tp_sys_exit_accept4",
];

/// The program that sees every system call, of which few are accepts.
const EVERY_SYSTEM_CALL: &str = "tp_sys_exit";

/// How often the kernel passed programs over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Each of these was an event.
    pub events: u64,
    /// Each of these may have been an accept.
    pub system_calls: u64,
}

impl PassedOver {
    /// What has come together since the programs were loaded.
    pub(super) fn count(ebpf: &Ebpf) -> Self {
        let mut passed_over = Self::default();
        for (name, program) in ebpf.programs() {
            let Ok(fd) = program.fd() else { continue };
            let misses = misses(fd.as_fd().as_raw_fd());
            if ONE_EVENT_EACH.contains(&name) {
                passed_over.events += misses;
            } else if name == EVERY_SYSTEM_CALL {
                passed_over.system_calls += misses;
            }
        }
        passed_over
    }
}

/// `recursion_misses` of a program, 0 where the kernel does not count it.
fn misses(descriptor: i32) -> u64 {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
    let counter = info.lines().find_map(|line| line.strip_prefix("recursion_misses:"));
    counter.and_then(|counter| counter.trim().parse().ok()).unwrap_or(0)
}
