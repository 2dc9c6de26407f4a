//! From a target to its explanation: looks at the machine, and hands what it finds to [`crate::explanation`].

use std::collections::{BTreeMap, BTreeSet};
use std::{io, thread};

use thiserror::Error;

use crate::exit::{Exit, Failure};
use crate::explanation::{Evidence, Explanation, Holder, Target};
use crate::host::netns::{self, Namespace};
use crate::host::{Capability, Missing, NoProcess, Process, owners, pid, sysctl};
use crate::inventory::{self, InventoryError};
use crate::model::socket::Entry;
use crate::model::{Remedy, Sanitized};
use crate::runtime::Identity;

/// Why there is nothing to explain.
#[derive(Debug, Error)]
pub enum InvestigationError {
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
    #[error("this user may not see the sockets of process {pid}{}: {remedy}", named(.name))]
    Hidden {
        /// Its PID.
        pid: u32,
        /// Its name, fit for a terminal.
        name: String,
        /// How to see them.
        remedy: Remedy,
    },
    /// No socket is meant.
    #[error("no TCP socket here uses {0}; see which there are: sockwhy list -a")]
    Unused(Target),
    /// The sockets cannot be read.
    #[error(transparent)]
    Sockets(#[from] InventoryError),
    /// Reading failed.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

impl Failure for InvestigationError {
    fn exit(&self) -> Exit {
        match self {
            Self::Hidden { .. } => Exit::NotAllowed,
            Self::Sockets(error) => error.exit(),
            _ => Exit::Failed,
        }
    }

    fn remedy(&self, command: &str) -> Option<Remedy> {
        match self {
            Self::Sockets(error) => error.remedy(command),
            _ => None,
        }
    }
}

/// Looks at the machine, explains the target, and hands the explanation to `show`.
///
/// # Errors
/// Where nothing is meant, or it may not be seen.
pub fn explain<T>(target: Target, show: impl FnOnce(&Explanation<'_>) -> T) -> Result<T, InvestigationError> {
    let namespaces = namespaces(target)?;
    let sockets = inventory::read(&namespaces)?;
    let selected = target.select(&sockets);
    if selected.is_empty() {
        return Err(nothing(target));
    }
    let evidence = Evidence { sockets: &sockets, holders: holders(&selected), bindv6only: bindv6only(&namespaces) };
    Ok(show(&Explanation::new(target, selected, &evidence)))
}

/// The network namespace of this process, and that of the process that is asked about.
fn namespaces(target: Target) -> Result<Vec<Namespace>, InvestigationError> {
    let failed = |error| InvestigationError::Io("cannot read the network namespaces from /proc", error);
    let own = Namespace::own().map_err(failed)?;
    let Target::Process(pid) = target else { return Ok(vec![own]) };
    pid::check_process(pid)?;
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
fn nothing(target: Target) -> InvestigationError {
    let Target::Process(pid) = target else { return InvestigationError::Unused(target) };
    let name = Sanitized::Text(&Process::read(pid).name).to_string();
    match owners::may_see(pid) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let remedy = Missing::new(vec![Capability::SysPtrace]).remedy(&format!("sockwhy explain {pid}"));
            InvestigationError::Hidden { pid, name, remedy }
        }
        Err(_) if name.is_empty() => NoProcess::Gone(pid).into(),
        _ => InvestigationError::NoSockets { pid, name },
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
                found.extend(sysctl::read("net/ipv6/bindv6only").map(|value| (inode, value != 0)));
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
