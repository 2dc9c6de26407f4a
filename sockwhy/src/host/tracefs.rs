//! tracefs, which has the numbers of tracepoints. Where it is not mounted, one thread mounts it for itself alone.

use std::path::Path;
use std::{panic, thread};

use rustix::io;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use thiserror::Error;

use super::capability::{Capability, Missing};

/// Where the kernel has a folder for it, and where debugfs has one. aya looks in both.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Why a tracepoint cannot be read from tracefs.
#[derive(Debug, Error)]
pub enum TracefsError {
    /// It is not mounted, or may not be read, and this user may not mount it.
    #[error("tracefs is not mounted here or may not be read; mounting it needs {0}")]
    Capabilities(Missing),
    /// It cannot be mounted.
    #[error("tracefs cannot be mounted: {0}")]
    Mount(io::Errno),
    /// It has no such tracepoint.
    #[error("this kernel has no tracepoint {0}")]
    NoTracepoint(String),
}

/// Does something that reads the tracepoint `category/name` from tracefs.
///
/// Where it is not mounted, a new thread mounts it in a new mount namespace. Both are gone when this returns, so the
/// machine stays as it is. That needs `CAP_SYS_ADMIN`.
///
/// # Errors
/// Where tracefs cannot be mounted, or `read` fails.
pub fn with<T: Send, E: From<TracefsError> + Send>(
    tracepoint: &str,
    read: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    if has(tracepoint) {
        return read();
    }
    if let Some(missing) = Missing::of(&[Capability::SysAdmin]) {
        return Err(TracefsError::Capabilities(missing).into());
    }
    let in_thread = || {
        mount_for_this_thread().map_err(TracefsError::Mount)?;
        if has(tracepoint) { read() } else { Err(TracefsError::NoTracepoint(tracepoint.to_owned()).into()) }
    };
    thread::scope(|scope| scope.spawn(in_thread).join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
}

fn has(tracepoint: &str) -> bool {
    PLACES.iter().any(|place| Path::new(place).join("events").join(tracepoint).join("id").exists())
}

fn mount_for_this_thread() -> io::Result<()> {
    // SAFETY: only a separate table of descriptors (`CLONE_FILES`) would be dangerous. That table stays shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    // What is mounted below from here on is not seen elsewhere. The root may be no mount, as in a chroot.
    mount_change("/sys", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    // Not read-only: all mounts of tracefs share one superblock (`mount_single`), and all would become read-only.
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("tracefs", PLACES[0], "tracefs", flags, None)
}
