//! `accept`: once for each socket that was accepted.

use std::fmt::{self, Write};
use std::net::Ipv6Addr;

use sockwhy_common::{Opened, flags};

use super::error::DecodeError;
use super::flow::{Flow, Task};
use crate::model::Label;
use crate::model::reason::{Origin, accepted};

/// A connection was handed to the process that accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The connection.
    pub flow: Flow,
    /// Who accepted it.
    pub task: Task,
    /// The listener that it came from, where the hook knew it.
    pub listener: Option<Listener>,
}

/// A listener, as it matters to the sockets that come from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to; mapped where it is IPv4.
    pub addr: Ipv6Addr,
    /// `IPV6_V6ONLY` is set.
    pub v6only: bool,
}

impl Accept {
    pub(super) fn decode(record: &Opened, wall_clock: u64) -> Result<Self, DecodeError> {
        let has = |flag| record.head.flags & flag != 0;
        Ok(Self {
            flow: Flow::decode(&record.head, record.netns, wall_clock)?,
            task: Task::decode(record),
            listener: has(flags::LISTENER)
                .then(|| Listener { addr: record.listener_addr.into(), v6only: has(flags::LISTENER_V6ONLY) }),
        })
    }

    pub(super) fn why(&self, f: &mut impl Write) -> fmt::Result {
        accepted("accepted", self.flow.local, self.origin(), self.flow.peer.ip(), f)
    }

    /// A listener that could not have taken this peer is not believed: the descriptor may have been given another socket
    /// between the accept and the look at it.
    fn origin(&self) -> Origin {
        match self.flow.label {
            Label::Ipv4 => Origin::Inet,
            Label::Ipv4OverAfInet6 => match self.listener {
                Some(listener) if listener.v6only => Origin::TakesPeers,
                Some(listener) if listener.addr.is_unspecified() => Origin::DualStack,
                Some(listener) => listener.addr.to_ipv4_mapped().map_or(Origin::TakesPeers, Origin::Mapped),
                None => Origin::TakesPeers,
            },
            _ => match self.listener {
                Some(listener) if listener.addr.is_unspecified() && listener.v6only => Origin::V6Only,
                Some(listener) if listener.addr.is_unspecified() => Origin::DualStack,
                Some(listener) if listener.addr.to_ipv4_mapped().is_none() => Origin::Native(listener.addr),
                _ => self.origin_by_child(),
            },
        }
    }

    /// What the accepted socket itself tells of its listener. Binding to an IPv6 address sets the option as well
    /// (`__inet6_bind`), so without it a listener that takes IPv6 is on `::`, for both. MPTCP binds its subflow instead
    /// of the socket that the application accepts.
    fn origin_by_child(&self) -> Origin {
        match self.flow.v6only {
            Some(true) => Origin::V6Only,
            Some(false) if !self.flow.mptcp => Origin::DualStack,
            _ => Origin::TakesPeers,
        }
    }
}
