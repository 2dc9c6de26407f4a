//! What `/proc` tells of processes. Entries vanish while they are read; nothing here takes them for granted.

use std::{fs, io};

use thiserror::Error;

/// A PID that is not a process.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoProcess {
    /// Nothing has that number.
    #[error("no process has the PID {0}; see which there are: ps -e")]
    Gone(u32),
    /// It is the number of a thread.
    #[error("{thread} is a thread; the PID of its process is {process}")]
    Thread {
        /// The number that was given.
        thread: u32,
        /// The process that it belongs to.
        process: u32,
    },
}

/// Checks that `pid` is a process in this PID namespace.
///
/// # Errors
/// Where nothing has that number, or a thread has.
pub fn check_process(pid: u32) -> Result<(), NoProcess> {
    // The process's name is in it, of whatever bytes.
    match fs::read(format!("/proc/{pid}/status")) {
        Ok(status) => match field(&String::from_utf8_lossy(&status), "Tgid:") {
            Some(process) if process != pid => Err(NoProcess::Thread { thread: pid, process }),
            _ => Ok(()),
        },
        // Hidden from this user (hidepid): it may be there, and filtering by it does no harm.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(_) => Err(NoProcess::Gone(pid)),
    }
}

/// A number of `/proc/PID/status`.
fn field(status: &str, name: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
