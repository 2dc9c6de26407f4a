//! What is known when sockets are explained.

use std::collections::BTreeMap;

use crate::host::Process;
use crate::model::socket::{Entry, Sockets, State};
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
    /// The processes that hold the sockets to be explained, by PID.
    pub holders: BTreeMap<u32, Holder>,
    /// `net.ipv6.bindv6only` of network namespaces, by inode number, as far as it could be read.
    pub bindv6only: BTreeMap<u32, bool>,
}

impl<'a> Evidence<'a> {
    pub(super) fn holder(&self, pid: u32) -> Option<&Holder> {
        self.holders.get(&pid)
    }

    /// `net.ipv6.bindv6only` of a network namespace.
    pub(super) fn bindv6only(&self, netns: u32) -> Option<bool> {
        self.bindv6only.get(&netns).copied()
    }

    /// The listeners on a port.
    pub(super) fn listeners_on(&self, netns: u32, port: u16) -> impl Iterator<Item = Entry<'a>> {
        self.sockets
            .iter()
            .filter(move |socket| socket.state == State::Listen && socket.netns == netns && socket.local.port() == port)
    }

    /// A listener on the same port that takes the IPv4 clients which this one does not: on any address, or like it on
    /// an address of this machine alone.
    pub(super) fn ipv4_listener_beside(&self, listener: Entry<'_>) -> Option<Entry<'a>> {
        let local = listener.local.ip();
        self.listeners_on(listener.netns, listener.local.port()).find(|other| {
            let address = other.local.ip();
            other.label.accepts().contains(&"IPv4")
                && (address.is_unspecified() || (address.is_loopback() && local.is_loopback()))
                && (other.local, other.family) != (listener.local, listener.family)
        })
    }
}
