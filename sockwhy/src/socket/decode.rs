//! The records of the BPF iterators as sockets and owners.

use std::{
    net::{IpAddr, SocketAddr, SocketAddrV6},
    num::{NonZeroU32, NonZeroU64},
};

use sockwhy_common::{NO_UID, OwnerRecord, SocketRecord, socket_flags};
use thiserror::Error;

use super::{Held, Label, Opening, Owner, Socket, State};
use crate::flow::{Family, address, known};

/// A record that is not of a TCP socket as this program knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a socket of the address family {family} in the state {state}")]
pub struct Unknown {
    family: u16,
    state: u8,
}

impl Socket {
    /// Reads a record of the network namespace with the inode number `netns`.
    ///
    /// # Errors
    /// Where it has another family or state.
    pub fn decode(record: &SocketRecord, netns: u32) -> Result<Self, Unknown> {
        let has = |flag| record.flags & flag != 0;
        let unknown = Unknown { family: record.family, state: record.state };
        let family = Family::from_number(record.family).ok_or(unknown)?;
        let state = State::from_number(record.state).ok_or(unknown)?;
        let end = |addr, port| scoped(address(family, addr), port, record.device);
        let local = end(record.local_addr, record.local_port);
        let peer = end(record.peer_addr, record.peer_port);
        let v6only = has(socket_flags::V6ONLY);
        let listens = state == State::Listen;
        Ok(Self {
            state,
            family,
            label: if listens {
                Label::of_listener(family, local.ip(), v6only)
            } else {
                Label::of_connection(family, record.peer_addr)
            },
            v6only: (family == Family::Inet6).then_some(v6only),
            mptcp: has(socket_flags::MPTCP),
            device: NonZeroU32::new(record.device),
            opening: if has(socket_flags::PASSIVE) {
                Some(Opening::Passive)
            } else {
                has(socket_flags::ACTIVE).then_some(Opening::Active)
            },
            local,
            peer: (!listens).then_some(peer),
            uid: (record.uid != NO_UID).then_some(record.uid),
            inode: NonZeroU64::new(record.inode),
            netns,
            cookie: NonZeroU64::new(record.cookie),
        })
    }
}

/// The same link-local address can be there on every device (RFC 4007).
fn scoped(address: IpAddr, port: u16, device: u32) -> SocketAddr {
    match address {
        IpAddr::V6(address) if address.is_unicast_link_local() => SocketAddrV6::new(address, port, 0, device).into(),
        _ => SocketAddr::new(address, port),
    }
}

impl From<&OwnerRecord> for Held {
    fn from(record: &OwnerRecord) -> Self {
        Self {
            inode: record.inode,
            owner: Owner { pid: known(record.pid), process: record.process.into(), fd: record.fd },
        }
    }
}
