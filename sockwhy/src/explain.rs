//! `sockwhy explain`: from a target to the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io, thread,
};

use thiserror::Error;

use crate::{
    explanation::{Evidence, Explanation, Holder, Target},
    kernel::host::{self, Capability},
    list::{self, ListError},
    netns::{self, Namespace},
    proc::{self, NoProcess},
    runtime::{Identity, Process},
    sanitize::Sanitized,
    socket::Entry,
};

/// Why there is nothing to explain.
#[derive(Debug, Error)]
pub enum ExplainError {
    /// The process is not there.
    #[error(transparent)]
    NoProcess(#[from] NoProcess),
    /// The process has no TCP sockets.
    #[error("process {pid}{} has no TCP sockets; those of other processes: sockwhy list -a", named(.name))]
    NoSockets {
        /// Its PID.
        pid: u32,
        /// Its name, fit for a terminal.
        name: String,
    },
    /// It is another user's, and what it holds may not be seen.
    #[error("the sockets of process {pid}{} are another user's to see: {}", named(.name), remedy(*pid))]
    Hidden {
        /// Its PID.
        pid: u32,
        /// Its name, fit for a terminal.
        name: String,
    },
    /// No socket is meant.
    #[error("no TCP socket here uses {0}; see which there are: sockwhy list -a")]
    Unused(Target),
    /// The sockets cannot be read.
    #[error(transparent)]
    Sockets(#[from] ListError),
    /// Reading failed.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

fn remedy(pid: u32) -> String {
    Capability::remedy(&[Capability::SysPtrace], &format!("sockwhy explain {pid}"))
}

/// Looks at the machine, explains the target, and hands the explanation to `show`.
///
/// # Errors
/// Where nothing is meant, or it may not be seen.
pub fn explain<T>(target: Target, show: impl FnOnce(&Explanation<'_>) -> T) -> Result<T, ExplainError> {
    let namespaces = namespaces(target)?;
    let sockets = list::read(&namespaces)?;
    let selected = target.select(&sockets);
    if selected.is_empty() {
        return Err(nothing(target));
    }
    let evidence = Evidence { sockets: &sockets, holders: holders(&selected), bindv6only: bindv6only(&namespaces) };
    Ok(show(&Explanation::new(target, selected, &evidence)))
}

/// The network namespace of this process, and that of the process that is asked about.
fn namespaces(target: Target) -> Result<Vec<Namespace>, ExplainError> {
    let failed = |error| ExplainError::Io("cannot tell the network namespaces from /proc", error);
    let own = Namespace::own().map_err(failed)?;
    let Target::Process(pid) = target else { return Ok(vec![own]) };
    proc::check_process(pid)?;
    match (Process { pid, ..Process::default() }).netns() {
        Some(inode) if inode != own.inode => {
            let (mut all, _denied) = netns::all().map_err(failed)?;
            all.retain(|namespace| namespace.inode == inode || namespace.inode == own.inode);
            Ok(all)
        }
        _ => Ok(vec![own]),
    }
}

/// Why nothing is found.
fn nothing(target: Target) -> ExplainError {
    let Target::Process(pid) = target else { return ExplainError::Unused(target) };
    let name = Sanitized::Text(&Process::read(pid).name).to_string();
    match fs::read_dir(format!("/proc/{pid}/fd")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => ExplainError::Hidden { pid, name },
        Err(_) if name.is_empty() => NoProcess::Gone(pid).into(),
        _ => ExplainError::NoSockets { pid, name },
    }
}

/// The processes that hold these sockets, but for those that have ended meanwhile.
fn holders(sockets: &[Entry<'_>]) -> BTreeMap<u32, Holder> {
    let owners = sockets.iter().flat_map(|socket| socket.owners().unwrap_or_default());
    let pids: BTreeSet<u32> = owners.filter_map(|owner| owner.pid).collect();
    pids.into_iter()
        .map(|pid| (pid, Process::read(pid)))
        .filter(|(_, process)| !process.name.is_empty())
        .map(|(pid, process)| (pid, Holder { identity: Identity::of(&process), process }))
        .collect()
}

/// `net.ipv6.bindv6only` of each namespace that may be entered. `/proc/sys/net` shows the settings of the namespace that
/// the reading thread is in (`net_ctl_header_lookup()`), so this needs a thread to move about.
fn bindv6only(namespaces: &[Namespace]) -> BTreeMap<u32, bool> {
    let mut found = BTreeMap::new();
    let visited = thread::scope(|scope| {
        let visitor = scope.spawn(|| {
            netns::visit(namespaces, |inode| {
                found.extend(host::sysctl("net/ipv6/bindv6only").map(|value| (inode, value != 0)));
                Ok(())
            })
        });
        visitor.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    if let Err(error) = visited {
        log::debug!("net.ipv6.bindv6only is not known: {error}");
    }
    found
}
