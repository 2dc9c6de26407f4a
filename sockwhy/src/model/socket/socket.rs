//! What the kernel says of one socket, by iterator or by netlink.

use std::net::{SocketAddr, SocketAddrV6};
use std::num::{NonZeroU32, NonZeroU64};

use sockwhy_common::{NO_UID, SocketRecord, socket_flags};
use thiserror::Error;

use super::state::State;
use crate::model::record::address;
use crate::model::{Family, Label};

/// What the kernel says of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Where in its life it is.
    pub state: State,
    /// Its address family.
    pub family: Family,
    /// What it is called.
    pub label: Label,
    /// `IPV6_V6ONLY`; `None` for an `AF_INET` socket, which has no such option, and where the kernel does not say.
    pub v6only: Option<bool>,
    /// This is a subflow of an application's MPTCP socket.
    pub mptcp: bool,
    /// Index of the network device that it is bound to: what comes by another is not for it.
    pub device: Option<NonZeroU32>,
    /// How its connection began; `None` where it has none, and where the kernel does not say.
    pub opening: Option<Opening>,
    /// Its own end; an IPv4-mapped address as IPv4. An IPv6 link-local one has the index of its network device as scope.
    pub local: SocketAddr,
    /// The other end, likewise; `None` for a listener.
    pub peer: Option<SocketAddr>,
    /// User id of its owner, in the initial user namespace. `None` in `TIME_WAIT`, when the kernel has forgotten it.
    pub uid: Option<u32>,
    /// Inode number of its file; `None` where it has none: not accepted yet, or closed by the last process.
    pub inode: Option<NonZeroU64>,
    /// Inode number of its network namespace.
    pub netns: u32,
    /// The kernel's socket cookie.
    pub cookie: Option<NonZeroU64>,
}

/// How a connection begins (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `connect()` made it.
    Active,
    /// It came to a listener, which may be gone.
    Passive,
}

/// A socket's family or state that this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a socket of the address family {family} in the state {state}")]
pub struct Unknown {
    family: u16,
    state: u8,
}

/// The family and state that have these numbers.
pub(crate) fn family_and_state(family: u16, state: u8) -> Result<(Family, State), Unknown> {
    let known = || Some((Family::from_number(family)?, State::from_number(state)?));
    known().ok_or(Unknown { family, state })
}

impl Socket {
    /// A socket with these two ends, mapped addresses as IPv4, and nothing else known of it. A listener's peer is
    /// ignored: a listener that was connected before keeps its old peer.
    pub fn new(netns: u32, family: Family, state: State, [local, peer]: [SocketAddr; 2], v6only: Option<bool>) -> Self {
        let listens = state == State::Listen;
        Self {
            state,
            family,
            label: if listens {
                Label::of_listener(family, local.ip(), v6only == Some(true))
            } else {
                Label::of_connection(family, peer.ip())
            },
            v6only: v6only.filter(|_| family == Family::Inet6),
            mptcp: false,
            device: None,
            opening: None,
            local,
            peer: (!listens).then_some(peer),
            uid: None,
            inode: None,
            netns,
            cookie: None,
        }
    }

    /// Reads a record of the network namespace with the inode number `netns`.
    ///
    /// # Errors
    /// Where it has another family or state.
    pub fn decode(record: &SocketRecord, netns: u32) -> Result<Self, Unknown> {
        let has = |flag| record.flags & flag != 0;
        let (family, state) = family_and_state(record.family, record.state)?;
        let ends = [(record.local_addr, record.local_port), (record.peer_addr, record.peer_port)];
        let ends = ends.map(|(bytes, port)| SocketAddr::new(address(family, bytes), port));
        let opening = match (has(socket_flags::PASSIVE), has(socket_flags::ACTIVE)) {
            (true, _) => Some(Opening::Passive),
            (false, is_active) => is_active.then_some(Opening::Active),
        };
        Ok(Self {
            mptcp: has(socket_flags::MPTCP),
            opening,
            uid: (record.uid != NO_UID).then_some(record.uid),
            inode: NonZeroU64::new(record.inode),
            cookie: NonZeroU64::new(record.cookie),
            ..Self::new(netns, family, state, ends, Some(has(socket_flags::V6ONLY))).on_device(record.device)
        })
    }

    /// The same bound to the network device with this index; 0 for none. The same link-local address can be there on every
    /// device (RFC 4007).
    pub(crate) fn on_device(self, index: u32) -> Self {
        let scoped = |end: SocketAddr| match end {
            SocketAddr::V6(end) if end.ip().is_unicast_link_local() => {
                SocketAddrV6::new(*end.ip(), end.port(), 0, index).into()
            }
            end => end,
        };
        Self { device: NonZeroU32::new(index), local: scoped(self.local), peer: self.peer.map(scoped), ..self }
    }

    /// Versions of IP that a listener accepts; `None` for other sockets.
    pub fn accepts(&self) -> Option<&'static [&'static str]> {
        (self.state == State::Listen).then(|| self.label.accepts())
    }
}
