//! What is known when sockets are explained.

use std::collections::BTreeMap;

use crate::host::Process;
use crate::model::network::Network;
use crate::model::socket::{Entry, Owner, Sockets};
use crate::runtime::Identity;

/// A process that holds sockets, and what it turned out to be.
#[derive(Clone, Debug)]
pub struct Holder {
    /// What `/proc` says of it.
    pub process: Process,
    /// What it is.
    pub identity: Identity,
}

/// Everything that the rules look at.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// All sockets of the listing, as a socket's neighbours explain it too.
    pub sockets: &'a Sockets,
    /// The processes that hold the sockets to be explained and the listeners on their ports, by PID.
    pub holders: BTreeMap<u32, Holder>,
    /// The network namespaces of the sockets, by inode number, as far as they could be looked at.
    pub networks: BTreeMap<u32, Network>,
}

impl Evidence<'_> {
    pub(super) fn holder(&self, pid: u32) -> Option<&Holder> {
        self.holders.get(&pid)
    }

    /// The first process that holds a socket, of those that are known.
    pub(super) fn holder_of(&self, socket: Entry<'_>) -> Option<&Holder> {
        socket.owners()?.iter().find_map(|owner| self.holder(owner.pid?))
    }

    pub(super) fn network(&self, netns: u32) -> Option<&Network> {
        self.networks.get(&netns)
    }

    /// `net.ipv6.bindv6only` of a network namespace.
    pub(super) fn bindv6only(&self, netns: u32) -> Option<bool> {
        self.network(netns)?.bindv6only
    }

    /// Who made a listener that its process did not make.
    pub(super) fn handed_on(&self, listener: Entry<'_>) -> Option<HandedOn> {
        let owners = listener.owners()?;
        if owners.iter().any(|owner| owner.pid == Some(1) && owner.process.as_bytes() == b"systemd") {
            return Some(HandedOn::BySystemd);
        }
        owners.iter().any(|owner| self.was_given(owner)).then_some(HandedOn::ByAnother)
    }

    /// Whether the process was started with this descriptor (`sd_listen_fds(3)`).
    fn was_given(&self, owner: &Owner) -> bool {
        /// `SD_LISTEN_FDS_START`: the first descriptor that is handed on.
        const FIRST: u32 = 3;
        let Some(Holder { process, .. }) = owner.pid.and_then(|pid| self.holder(pid)) else { return false };
        let number = |name| std::str::from_utf8(process.variable(name)?).ok()?.parse::<u32>().ok();
        let given = FIRST..FIRST.saturating_add(number("LISTEN_FDS").unwrap_or(0));
        given.contains(&owner.fd) && process.inner_pid.is_some() && number("LISTEN_PID") == process.inner_pid
    }
}

/// Who made a listener and handed it on to the process that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandedOn {
    /// The system's systemd, which holds it as well.
    BySystemd,
    /// Whoever started the process: `systemd-socket-activate`, a user's systemd, another program.
    ByAnother,
}
