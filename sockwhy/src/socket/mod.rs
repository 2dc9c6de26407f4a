//! TCP sockets that exist: what they are called, who holds them, how they belong together. Pure: nothing is read here.
//!
//! A [`Socket`] is what the kernel says of one. [`Sockets`] has all of a listing, with their owners and the links
//! between them: from a connection to the listener it came from, and from one end of a connection within the machine to
//! the other.

mod decode;
mod join;
mod label;
mod why;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroU64},
    ops::Deref,
};

pub use decode::Unknown;
pub use join::Held;
pub use label::Label;
pub use why::Why;

use crate::{
    digits,
    flow::{self, Family, Name},
    sanitize::Sanitized,
};

/// What the kernel says of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Where in its life it is.
    pub state: State,
    /// Its address family.
    pub family: Family,
    /// What it is called.
    pub label: Label,
    /// `IPV6_V6ONLY`; `None` for an `AF_INET` socket, which has no such option, and where the kernel won't say.
    pub v6only: Option<bool>,
    /// The application's socket is an MPTCP socket, of which this is a subflow.
    pub mptcp: bool,
    /// Index of the network device that it is bound to: what comes by another is not for it.
    pub device: Option<NonZeroU32>,
    /// How its connection began; `None` where it has none, and where the kernel won't say.
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

/// The states of TCP (`enum tcp_state` in `include/net/tcp_states.h`), in netstat's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "RFC 9293 §3.3.2 says what they mean")]
pub enum State {
    Listen,
    SynSent,
    SynRecv,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Close,
}

impl State {
    /// The state that has this number in the kernel. `TCP_NEW_SYN_RECV` is `SYN_RECV` to the rest of the world.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Established,
            2 => Self::SynSent,
            3 | 12 => Self::SynRecv,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Close,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ => return None,
        })
    }

    /// Netstat's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN_WAIT1",
            Self::FinWait2 => "FIN_WAIT2",
            Self::CloseWait => "CLOSE_WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
        }
    }
}

impl Socket {
    /// What its connection is called, and the address of the peer; `None` for a listener.
    fn wire(&self) -> Option<(flow::Label, IpAddr)> {
        Some((self.label.of_flow()?, self.peer?.ip()))
    }

    /// Versions of IP that a listener accepts; `None` for other sockets.
    #[must_use]
    pub fn accepts(&self) -> Option<&'static [&'static str]> {
        (self.state == State::Listen).then(|| self.label.accepts())
    }
}

/// A process that holds a socket open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `None` where sockwhy's PID namespace cannot see it.
    pub pid: Option<u32>,
    /// Its name.
    pub process: Name,
    /// The descriptor by which it has the socket.
    pub fd: u32,
}

impl Owner {
    /// Writes PID and name as netstat does, fit for a terminal.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self.pid {
            Some(pid) => digits::number(out, pid)?,
            None => out.write_char('-')?,
        }
        out.write_char('/')?;
        Sanitized::Text(self.process.as_bytes()).write(out)
    }
}

/// The sockets of a listing.
#[derive(Debug, Default)]
pub struct Sockets {
    list: Vec<Socket>,
    /// For each of them, its part of `owners`.
    shares: Vec<Share>,
    /// For each of them, those it belongs to.
    links: Vec<Links>,
    owners: Vec<Owner>,
    /// Whether every process could be asked for its sockets.
    all_owners: bool,
}

/// The owners of a socket, which stand next to one another. Small numbers, as there can be very many sockets.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    /// The first of them among all owners.
    start: u32,
    count: u32,
}

/// The other sockets that belong to a socket, by index.
#[derive(Clone, Copy, Debug, Default)]
struct Links {
    /// The listener it came from.
    listener: Option<Index>,
    /// The other end of its connection.
    other_end: Option<Index>,
}

/// The index of a socket plus one, which leaves room for an `Option` in four bytes.
type Index = NonZeroU32;

impl Sockets {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, by network namespace; in each, the listeners first, then by port.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.list.len()).map(|index| Entry { all: self, index })
    }

    /// The listeners on a port of a network namespace.
    pub fn listeners_on(&self, netns: u32, port: u16) -> impl Iterator<Item = Entry<'_>> {
        // In the order of the list.
        let key = |socket: &Socket| (socket.netns, socket.state != State::Listen, socket.local.port());
        let start = self.list.partition_point(|socket| key(socket) < (netns, false, port));
        let count = self.list[start..].partition_point(|socket| key(socket) == (netns, false, port));
        (start..start + count).map(|index| Entry { all: self, index })
    }

    fn entry(&self, index: Index) -> Entry<'_> {
        Entry { all: self, index: index.get() as usize - 1 }
    }
}

/// A socket among the others of its listing.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    all: &'a Sockets,
    index: usize,
}

impl Deref for Entry<'_> {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.all.list[self.index]
    }
}

impl PartialEq for Entry<'_> {
    /// Whether it is the same socket of the same listing.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.all, other.all) && self.index == other.index
    }
}

impl Eq for Entry<'_> {}

impl<'a> Entry<'a> {
    /// Where it stands in its listing.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The processes that hold it open, by PID and descriptor. None hold a socket that is not accepted yet or that the
    /// last one has closed, or the kernel's own. `None` where not every process could be asked and nobody is known.
    #[must_use]
    pub fn owners(&self) -> Option<&'a [Owner]> {
        let Share { start, count } = self.all.shares[self.index];
        let owners = &self.all.owners[start as usize..][..count as usize];
        (!owners.is_empty() || self.all.all_owners || self.inode.is_none()).then_some(owners)
    }

    /// The listener it came from: of the same network namespace and family, with the same port and an address that fits.
    #[must_use]
    pub fn listener(&self) -> Option<Entry<'a>> {
        self.all.links[self.index].listener.map(|index| self.all.entry(index))
    }

    /// The other end of its connection, where that is in the same network namespace.
    #[must_use]
    pub fn other_end(&self) -> Option<Entry<'a>> {
        self.all.links[self.index].other_end.map(|index| self.all.entry(index))
    }

    /// Whether it is certain that this end called `connect()`.
    #[must_use]
    pub fn has_connected(&self) -> bool {
        match self.opening {
            Some(opening) => opening == Opening::Active,
            None => self.state == State::SynSent || self.other_end().is_some_and(|other| other.listener().is_some()),
        }
    }

    /// Why it has its label: one sentence.
    #[must_use]
    pub fn why(self) -> Why<'a> {
        Why(self)
    }
}

#[cfg(test)]
mod tests;
