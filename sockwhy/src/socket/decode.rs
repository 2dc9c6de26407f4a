//! The records of the BPF iterators as sockets and owners.

use std::{net::SocketAddr, num::NonZeroU64};

use sockwhy_common::{NO_UID, OwnerRecord, SocketRecord, socket_flags};
use thiserror::Error;

use super::{Held, Label, Owner, Socket, State};
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
        let local = SocketAddr::new(address(family, record.local_addr), record.local_port);
        let peer = SocketAddr::new(address(family, record.peer_addr), record.peer_port);
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
            bound: has(socket_flags::BOUND),
            local,
            peer: (!listens).then_some(peer),
            uid: (record.uid != NO_UID).then_some(record.uid),
            inode: NonZeroU64::new(record.inode),
            netns,
            cookie: NonZeroU64::new(record.cookie),
        })
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
