//! PIDs: which are processes, and which PID namespace numbers them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::exit::Failure;
use crate::model::Remedy;

/// A PID that is not a process.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoProcess {
    /// Nothing has that number.
    #[error("no process has the PID {0}")]
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

impl Failure for NoProcess {
    fn remedy(&self, _command: &str) -> Option<Remedy> {
        match self {
            Self::Gone(_) => Some(Remedy::new("list the processes", "ps -e")),
            Self::Thread { .. } => None,
        }
    }
}

/// Checks that `pid` is a process in this PID namespace.
///
/// # Errors
/// Where nothing has that number, or a thread has.
pub fn check_process(pid: u32) -> Result<(), NoProcess> {
    // It holds the process's name, which can be any bytes.
    match fs::read(format!("/proc/{pid}/status")) {
        Ok(status) => match field(&String::from_utf8_lossy(&status), "Tgid:") {
            Some(process) if process != pid => Err(NoProcess::Thread { thread: pid, process }),
            _ => Ok(()),
        },
        // Hidden from this user (hidepid). It may exist, and filtering by it does no harm.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(_) => Err(NoProcess::Gone(pid)),
    }
}

/// The folder of `/proc` that describes a process. Where the main thread has ended it is another thread's: the main thread's
/// folder stays until all threads have ended, but holds only a name.
pub(super) fn folder(pid: u32) -> PathBuf {
    let main = PathBuf::from(format!("/proc/{pid}"));
    let has_ended = |thread: &Path| stat(&thread.join("stat")).is_none_or(|fields| fields.starts_with(['Z', 'X']));
    if !has_ended(&main) {
        return main;
    }
    let mut threads = fs::read_dir(main.join("task")).into_iter().flatten().flatten().map(|thread| thread.path());
    threads.find(|thread| !has_ended(thread)).unwrap_or(main)
}

/// The fields behind the name, which may have brackets and any bytes of its own (`proc_pid_stat(5)`); the first is the state.
fn stat(path: &Path) -> Option<String> {
    let stat = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&stat).rsplit_once(") ")?.1.to_owned())
}

/// A number of `/proc/PID/status`.
fn field(status: &str, name: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Whether every process of the machine has a PID here, as in the initial PID namespace.
pub fn sees_every_process() -> bool {
    in_initial_namespace() == Some(true)
}

/// Inode number of the PID namespace that this process runs in.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn namespace() -> io::Result<u32> {
    super::netns::inode(Path::new("/proc/self/ns/pid"))
}

/// Whether this process is in the initial PID namespace. Only that one has the kernel's own threads: kthreadd is its
/// second task (`rest_init()`). `None` where other users' processes are hidden (`hidepid`).
pub fn in_initial_namespace() -> Option<bool> {
    /// `include/linux/sched.h`
    const PF_KTHREAD: u64 = 0x0020_0000;
    let Some(fields) = stat(Path::new("/proc/2/stat")) else {
        return Path::new("/proc/1").exists().then_some(false);
    };
    // The flags are the seventh.
    let flags: u64 = fields.split(' ').nth(6)?.parse().ok()?;
    Some(flags & PF_KTHREAD != 0)
}
