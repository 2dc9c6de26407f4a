//! All sockets of a listing, with their owners and the links between them.

use std::num::NonZeroU32;
use std::ops::Deref;

use super::owner::Owner;
use super::socket::{Opening, Socket};
use super::state::State;

/// The sockets of a listing.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(crate) list: Vec<Socket>,
    /// For each of them, its part of `owners`.
    pub(crate) shares: Vec<Share>,
    /// For each of them, those it belongs to.
    pub(crate) links: Vec<Links>,
    pub(crate) owners: Vec<Owner>,
    /// Whether the sockets of every process could be read.
    pub(crate) all_owners: bool,
}

/// The owners of a socket, which stand next to one another. Small numbers, as there can be very many sockets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    /// The first of them among all owners.
    pub(super) start: u32,
    pub(super) count: u32,
}

/// The other sockets that belong to a socket, by index.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    /// The listener it came from.
    pub(super) listener: Option<Index>,
    /// The other end of its connection.
    pub(super) other_end: Option<Index>,
}

/// The index of a socket plus one, which leaves room for an `Option` in four bytes.
pub(super) type Index = NonZeroU32;

impl Sockets {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
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

    /// The processes that hold it open, by PID and descriptor. A socket has none if it is not accepted yet, if the last
    /// process has closed it, or if it is the kernel's own. `None` where none is known and not every process could be
    /// read.
    pub fn owners(&self) -> Option<&'a [Owner]> {
        let Share { start, count } = self.all.shares[self.index];
        let owners = &self.all.owners[start as usize..][..count as usize];
        (!owners.is_empty() || self.all.all_owners || self.inode.is_none()).then_some(owners)
    }

    /// The listener it came from: of the same network namespace and family, with the same port and an address that
    /// fits.
    pub fn listener(&self) -> Option<Entry<'a>> {
        self.all.links[self.index].listener.map(|index| self.all.entry(index))
    }

    /// The other end of its connection, where that is in the same network namespace.
    pub fn other_end(&self) -> Option<Entry<'a>> {
        self.all.links[self.index].other_end.map(|index| self.all.entry(index))
    }

    /// Whether this end called `connect()`, as far as is known.
    pub fn has_connected(&self) -> bool {
        match self.opening {
            Some(opening) => opening == Opening::Active,
            None => self.state == State::SynSent || self.other_end().is_some_and(|other| other.listener().is_some()),
        }
    }

    /// "probably ", where ports alone tell how the connection began: a listener can take a port that a client has connected
    /// from.
    pub fn probably(&self) -> &'static str {
        let is_known = self.opening.is_some() || matches!(self.state, State::SynSent | State::SynRecv);
        if is_known { "" } else { "probably " }
    }
}
