//! The sockets that exist, in the best way that this host allows: by BPF iterators, or by `sock_diag` and `/proc`.

use std::{io, panic, thread};

use thiserror::Error;

use crate::cli::NetnsArg;
use crate::exit::{Exit, Failure, IoFailure};
use crate::host::{Capability, Missing, Namespace, discovery, foreign, pid};
use crate::kernel::iterators::{self, IterError};
use crate::model::Remedy;
use crate::model::socket::{Descriptor, Socket, Sockets, join};
use crate::netlink;

/// Why the sockets cannot be read.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// No network namespace has that number.
    #[error("no network namespace has the inode {0}")]
    NoNamespace(u32),
    /// The privileges do not allow it.
    #[error("cannot list: {action} needs {missing}")]
    Capabilities {
        /// What was tried.
        action: &'static str,
        /// What is missing.
        missing: Missing,
    },
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

impl Failure for InventoryError {
    fn exit(&self) -> Exit {
        match self {
            Self::Capabilities { .. } => Exit::NotAllowed,
            Self::NoNamespace(_) | Self::Io(_) => Exit::Failed,
        }
    }

    fn remedy(&self, command: &str) -> Option<Remedy> {
        match self {
            Self::Capabilities { missing, .. } => Some(missing.remedy(command)),
            Self::NoNamespace(_) => Some(Remedy::new("list the namespaces", "sudo lsns -t net")),
            Self::Io(_) => None,
        }
    }
}

/// What was looked at: the network namespaces, and every TCP socket of theirs.
pub type Inventory = (Vec<Namespace>, Sockets);

/// Looks into the network namespaces that are asked for, in the best way that this host allows.
///
/// # Errors
/// Where `/proc` is not mounted, there is no such namespace, or no way works.
pub fn look(choice: Option<NetnsArg>) -> Result<Inventory, InventoryError> {
    let wanted = match choice {
        None => {
            let own = vec![Namespace::own().map_err(no_proc)?];
            let sockets = read(&own)?.join();
            return Ok((own, sockets));
        }
        Some(NetnsArg::All) => None,
        Some(NetnsArg::Inode(inode)) => Some(inode),
    };
    let (mut namespaces, denied) = discovery::all().map_err(no_proc)?;
    if denied > 0 {
        log::debug!("the network namespaces of {denied} processes are unknown: this user may not read them");
    }
    let Some(inode) = wanted else { return with_unseen(namespaces, |_| true) };
    let is_wanted = |namespace: &Namespace| namespace.inode == inode;
    if !namespaces.iter().any(is_wanted) {
        (namespaces, _) = with_unseen(namespaces, |_| true)?;
    }
    namespaces.retain(is_wanted);
    if namespaces.is_empty() {
        return Err(match Missing::of(&[Capability::SysPtrace]).filter(|_| denied > 0) {
            Some(missing) => InventoryError::Capabilities {
                action: "reading the network namespaces of other users' processes",
                missing,
            },
            None => InventoryError::NoNamespace(inode),
        });
    }
    let sockets = read(&namespaces)?.join();
    Ok((namespaces, sockets))
}

/// Looks into this process's network namespace, those that the threads of another process are in, and those of its sockets.
///
/// # Errors
/// Where `/proc` is not mounted, or no way works.
pub fn look_at_process(pid: u32) -> Result<Inventory, InventoryError> {
    let mut namespaces = vec![Namespace::own().map_err(no_proc)?];
    match discovery::of_process(pid) {
        Ok(others) => namespaces.extend(others),
        Err(error) => log::debug!("the network namespaces of process {pid} are unknown: {error}"),
    }
    with_unseen(namespaces, |held| held.owner.pid == Some(pid))
}

/// Looks into these namespaces, and into those that only sockets lead to: descriptors that `is_of_interest` and that are
/// sockets of none of these.
fn with_unseen(
    mut namespaces: Vec<Namespace>,
    is_of_interest: impl Fn(&Descriptor) -> bool,
) -> Result<Inventory, InventoryError> {
    let found = read(&namespaces)?;
    let known = found.sockets.iter().filter_map(|socket| Some(socket.inode?.get())).collect();
    let mut unseen = foreign::namespaces(found.held.iter().filter(|held| is_of_interest(held)), known);
    // A socket that is in no table, because it is not bound, does not lead to another.
    unseen.retain(|namespace| namespaces.iter().all(|seen| seen.inode != namespace.inode));
    if unseen.is_empty() {
        return Ok((namespaces, found.join()));
    }
    namespaces.extend(unseen);
    let sockets = read(&namespaces)?.join();
    Ok((namespaces, sockets))
}

fn no_proc(error: io::Error) -> IoFailure {
    IoFailure("cannot read the network namespaces from /proc", error)
}

/// Sockets and descriptors, each by itself.
struct Found {
    sockets: Vec<Socket>,
    held: Vec<Descriptor>,
    /// Whether the descriptors of every process could be read.
    all_owners: bool,
}

impl Found {
    fn join(self) -> Sockets {
        join(self.sockets, &self.held, self.all_owners)
    }
}

fn read(namespaces: &[Namespace]) -> Result<Found, InventoryError> {
    let sees_every_process = pid::sees_every_process();
    match iterators::read(namespaces) {
        Ok((sockets, held)) => Ok(Found { sockets, held, all_owners: sees_every_process }),
        Err(IterError::Io(error)) => Err(failed(error)),
        Err(IterError::Obstacle(obstacle)) => {
            log::debug!("no BPF iterators: {}", obstacle.detail());
            log::debug!(
                "using sock_diag and /proc instead: they tell IPV6_V6ONLY of listeners only, and owners only of \
                 processes that this user may read; root sees more"
            );
            let netlink::Found { sockets, held, all_owners } = netlink::read(namespaces).map_err(failed)?;
            Ok(Found { sockets, held, all_owners: all_owners && sees_every_process })
        }
    }
}

/// Joins sockets and descriptors. `all_owners` says that the descriptors of every process could be read.
pub(crate) fn join(mut list: Vec<Socket>, descriptors: &[Descriptor], all_owners: bool) -> Sockets {
    join::sort(&mut list);
    // Both wait for memory most of the time, so two threads take half as long.
    let (links, (shares, owners)) = thread::scope(|scope| {
        let links = scope.spawn(|| join::link(&list));
        let shares = join::share(&list, descriptors);
        (links.join().unwrap_or_else(|panic| panic::resume_unwind(panic)), shares)
    });
    Sockets { list, shares, links, owners, all_owners }
}

fn failed(error: io::Error) -> InventoryError {
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    match Missing::of(&[Capability::SysAdmin]).filter(|_| denied) {
        Some(missing) => InventoryError::Capabilities { action: "entering another network namespace", missing },
        None => IoFailure("cannot read the sockets", error).into(),
    }
}
