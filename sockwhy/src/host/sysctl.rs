//! Settings of the running kernel.

use std::fs;
use std::path::Path;

/// The mode that the kernel is locked down in (`kernel_lockdown(7)`): the word that
/// `/sys/kernel/security/lockdown` has in brackets.
pub fn lockdown() -> Option<String> {
    let modes = fs::read_to_string("/sys/kernel/security/lockdown").ok()?;
    let (_, chosen) = modes.split_once('[')?;
    Some(chosen.split_once(']')?.0.to_owned())
}

/// A number under `/proc/sys`.
pub fn read(path: &str) -> Option<i64> {
    fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?.trim().parse().ok()
}

/// Whether programs can attach to kprobes: perf has them as an event source (since 4.17).
pub fn has_kprobes() -> bool {
    Path::new("/sys/bus/event_source/devices/kprobe/type").exists()
}
