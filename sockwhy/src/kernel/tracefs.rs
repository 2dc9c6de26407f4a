//! tracefs, which tells the numbers of tracepoints: as it is mounted, or else where nobody but us sees it.

use std::{path::Path, thread};

use rustix::{
    io,
    mount::{MountFlags, MountPropagationFlags, mount, mount_change},
    thread::{UnshareFlags, unshare_unsafe},
};

use super::{host::Capability, refusal::Refusal};

/// Where the kernel has a folder for it, and where aya looks for it; debugfs has it, too.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Does something that reads the tracepoint `category/name` from tracefs.
///
/// Where it is not mounted, it is for a thread of its own in a mount namespace of its own, and both are gone
/// when this returns: the machine stays as it is. That needs `CAP_SYS_ADMIN`.
pub(super) fn with<T: Send>(tracepoint: &str, read: impl FnOnce() -> Result<T, Refusal> + Send) -> Result<T, Refusal> {
    if has(tracepoint) {
        return read();
    }
    let missing = Capability::missing(&[Capability::SysAdmin]);
    if !missing.is_empty() {
        return Err(Refusal::Capabilities {
            action: "tracefs, which is not mounted here or may not be read,",
            missing,
        });
    }
    let in_thread = || {
        mount_for_this_thread().map_err(|error| Refusal::Host(format!("tracefs cannot be mounted: {error}")))?;
        if has(tracepoint) { read() } else { Err(Refusal::Host(format!("this kernel has no tracepoint {tracepoint}"))) }
    };
    thread::scope(|scope| scope.spawn(in_thread).join().expect("neither mounting nor attaching panics"))
}

fn has(tracepoint: &str) -> bool {
    PLACES.iter().any(|place| Path::new(place).join("events").join(tracepoint).join("id").exists())
}

fn mount_for_this_thread() -> io::Result<()> {
    // SAFETY: a table of mounts of one's own endangers nothing; the table of descriptors stays shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    // Nothing that is mounted from here on is seen elsewhere.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    // Not read-only: all mounts of tracefs are one file system (`mount_single`), and all would be.
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("tracefs", PLACES[0], "tracefs", flags, None)
}
