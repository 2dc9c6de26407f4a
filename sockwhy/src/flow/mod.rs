//! What the kernel's records mean. Pure: no system call, no allocation.

mod label;
mod why;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

pub use label::{Family, Label};
use sockwhy_common::{COMM_LEN, FlowEvent, Kind, Record, flags};
use thiserror::Error;
pub use why::Why;
pub(crate) use why::{Origin, accepted, connected};

/// A record that does not mean what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It is not as long as a [`FlowEvent`].
    #[error("a record of {0} bytes instead of {expected}", expected = size_of::<FlowEvent>())]
    Size(usize),
    /// It is neither a connect nor an accept.
    #[error("a record of the unknown kind {0}")]
    Kind(u8),
    /// The socket is neither `AF_INET` nor `AF_INET6`.
    #[error("a record of the address family {0}, neither AF_INET nor AF_INET6")]
    Family(u16),
}

/// A connection made or accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// When the kernel saw it: nanoseconds of `CLOCK_MONOTONIC`.
    pub time: u64,
    /// Made or accepted.
    pub event: Event,
    /// The acting process; `None` where sockwhy's PID namespace cannot see it.
    pub pid: Option<u32>,
    /// The acting thread, likewise.
    pub tid: Option<u32>,
    /// Real user id of the acting task, in the initial user namespace.
    pub uid: u32,
    /// Name of the process.
    pub process: Name,
    /// Name of the acting thread.
    pub thread: Name,
    /// Inode number of the socket's network namespace.
    pub netns: u32,
    /// The acting task's cgroup in the v2 hierarchy.
    pub cgroup_id: Option<u64>,
    /// The socket's cookie.
    pub cookie: Option<u64>,
    /// The socket's address family.
    pub family: Family,
    /// What the flow is called.
    pub label: Label,
    /// The socket's own end; an IPv4-mapped address as IPv4.
    pub local: SocketAddr,
    /// The other end, likewise.
    pub peer: SocketAddr,
    /// `IPV6_V6ONLY`; `None` for an `AF_INET` socket, which has no such option.
    pub v6only: Option<bool>,
    /// Whether the application's socket is an MPTCP socket.
    pub mptcp: bool,
    /// The listener that the connection was accepted from, where the hook knew it.
    pub listener: Option<Listener>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A SYN is being sent.
    Connect,
    /// A connection was handed to the process that accepted it.
    Accept,
}

impl Event {
    /// The event's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
        }
    }
}

/// A listener, as it matters to the sockets that come from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to; mapped where it is IPv4.
    pub addr: Ipv6Addr,
    /// `IPV6_V6ONLY` is set.
    pub v6only: bool,
}

/// The name of a process or thread: up to fifteen bytes of any value but NUL, chosen by whoever runs it.
#[derive(Clone, Copy)]
pub struct Name([u8; COMM_LEN]);

impl Name {
    /// The bytes before the NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(COMM_LEN);
        &self.0[..len]
    }
}

/// Older kernels leave behind the NUL what was there before.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Name {}

impl From<[u8; COMM_LEN]> for Name {
    fn from(comm: [u8; COMM_LEN]) -> Self {
        Self(comm)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl Flow {
    /// Reads a record as it comes from the ring buffer.
    ///
    /// # Errors
    /// Says what is wrong with a record that the BPF programs cannot have written.
    pub fn decode(record: &[u8]) -> Result<Self, DecodeError> {
        let event = FlowEvent::from_bytes(record).ok_or(DecodeError::Size(record.len()))?;
        Self::try_from(&event)
    }

    /// Why the socket has its label: one sentence.
    #[must_use]
    pub const fn why(&self) -> Why<'_> {
        Why(self)
    }
}

impl TryFrom<&FlowEvent> for Flow {
    type Error = DecodeError;

    fn try_from(event: &FlowEvent) -> Result<Self, DecodeError> {
        const CONNECT: u8 = Kind::Connect as u8;
        const ACCEPT: u8 = Kind::Accept as u8;

        let has = |flag| event.flags & flag != 0;
        let family = Family::from_number(event.family).ok_or(DecodeError::Family(event.family))?;
        Ok(Self {
            time: event.time,
            event: match event.kind {
                CONNECT => Event::Connect,
                ACCEPT => Event::Accept,
                other => return Err(DecodeError::Kind(other)),
            },
            pid: known(event.pid),
            tid: known(event.tid),
            uid: event.uid,
            process: Name(event.process),
            thread: Name(event.thread),
            netns: event.netns,
            cgroup_id: known(event.cgroup_id),
            cookie: known(event.cookie),
            family,
            label: Label::of(family, event.peer_addr),
            local: SocketAddr::new(address(family, event.local_addr), event.local_port),
            peer: SocketAddr::new(address(family, event.peer_addr), event.peer_port),
            v6only: match family {
                Family::Inet => None,
                Family::Inet6 => Some(has(flags::V6ONLY)),
            },
            mptcp: has(flags::MPTCP),
            listener: has(flags::LISTENER)
                .then(|| Listener { addr: event.listener_addr.into(), v6only: has(flags::LISTENER_V6ONLY) }),
        })
    }
}

/// In a record, 0 means "not known".
pub(crate) fn known<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// An address as people write it: without the `::ffff:` of its mapped form.
pub(crate) fn address(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::Inet => {
            let [.., a, b, c, d] = bytes;
            Ipv4Addr::new(a, b, c, d).into()
        }
        Family::Inet6 => Ipv6Addr::from(bytes).to_canonical(),
    }
}

#[cfg(test)]
mod tests;
