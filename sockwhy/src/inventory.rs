//! The sockets that exist, in the best way that this host allows: by BPF iterators, or by `sock_diag` and `/proc`.

use std::{io, panic, thread};

use thiserror::Error;

use crate::cli::NetnsArg;
use crate::exit::{Exit, Failure, IoFailure};
use crate::host::netns::{self, Namespace};
use crate::host::{Capability, Missing, pid};
use crate::kernel::iterators::{self, IterError};
use crate::model::Remedy;
use crate::model::socket::{Descriptor, Socket, Sockets, join};
use crate::netlink;

/// Why the sockets cannot be read.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// No network namespace has that number.
    #[error("no network namespace has the inode {0}; see which there are: lsns -t net")]
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
            Self::NoNamespace(_) | Self::Io(_) => None,
        }
    }
}

/// The network namespaces to look into.
///
/// # Errors
/// Where `/proc` is not mounted, or there is no such namespace.
pub fn namespaces(choice: Option<NetnsArg>) -> Result<Vec<Namespace>, InventoryError> {
    let no_proc = |error| IoFailure("cannot read the network namespaces from /proc", error);
    let wanted = match choice {
        None => return Ok(vec![Namespace::own().map_err(no_proc)?]),
        Some(NetnsArg::All) => None,
        Some(NetnsArg::Inode(inode)) => Some(inode),
    };
    let (mut found, denied) = netns::all().map_err(no_proc)?;
    if let Some(inode) = wanted {
        found.retain(|namespace| namespace.inode == inode);
    }
    if denied > 0 {
        log::debug!("the network namespaces of {denied} processes are unknown: this user may not read them");
    }
    match wanted {
        Some(inode) if found.is_empty() => Err(match Missing::of(&[Capability::SysPtrace]).filter(|_| denied > 0) {
            Some(missing) => InventoryError::Capabilities {
                action: "reading the network namespaces of other users' processes",
                missing,
            },
            None => InventoryError::NoNamespace(inode),
        }),
        _ => Ok(found),
    }
}

/// Every TCP socket of these namespaces, in the best way that this host allows.
///
/// # Errors
/// Where none of them works.
pub fn read(namespaces: &[Namespace]) -> Result<Sockets, InventoryError> {
    match iterators::read(namespaces) {
        Ok((sockets, held)) => Ok(join(sockets, &held, pid::sees_every_process())),
        Err(IterError::Io(error)) => Err(failed(error)),
        Err(IterError::Obstacle(obstacle)) => {
            log::debug!("no BPF iterators: {}", obstacle.detail());
            log::debug!(
                "using sock_diag and /proc instead: they tell IPV6_V6ONLY of listeners only, and owners only of \
                 processes that this user may read; root sees more"
            );
            let found = netlink::read(namespaces).map_err(failed)?;
            Ok(join(found.sockets, &found.held, found.all_owners && pid::sees_every_process()))
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
