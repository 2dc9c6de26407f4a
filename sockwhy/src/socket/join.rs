//! From what the kernel says of each socket and each descriptor to sockets with owners and links. Linear: a machine can
//! have hundreds of thousands.

use std::{
    hash::{BuildHasher, Hash},
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::{Index, Links, Owner, Socket, Sockets, State};
use crate::flow::Family;

/// Sockets and descriptors as they are found, before it is known which belongs to which.
#[derive(Debug, Default)]
pub struct Gathered {
    sockets: Vec<Socket>,
    /// The key of each socket.
    keys: Vec<u64>,
    held: Vec<Held>,
}

/// A descriptor of a process that is a socket.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The key that the socket was added with.
    pub key: u64,
    /// Who has it.
    pub owner: Owner,
    /// Local and peer port of the socket when it was found, where keys are given anew once a socket is gone.
    pub ports: Option<(u16, u16)>,
}

impl Gathered {
    /// Adds a socket. `key` is what tells it from the others and its descriptors lead to.
    pub fn add(&mut self, key: u64, socket: Socket) {
        self.keys.push(key);
        self.sockets.push(socket);
    }

    /// Adds a descriptor.
    pub fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// Takes in what was gathered elsewhere.
    pub fn append(&mut self, mut other: Self) {
        self.sockets.append(&mut other.sockets);
        self.keys.append(&mut other.keys);
        self.held.append(&mut other.held);
    }

    /// Joins them. `all_owners` says that every process could be asked for its descriptors.
    #[must_use]
    pub fn join(self, all_owners: bool) -> Sockets {
        let Self { mut sockets, mut keys, held } = self;
        let first = first_of_each_key(&mut sockets, &mut keys);
        let mut links = vec![Links::default(); sockets.len()];
        let owners = link_owners(&sockets, &keys, &first, held, &mut links);
        drop((keys, first));
        link_listeners(&sockets, &mut links);
        link_ends(&sockets, &mut links);
        Sockets { list: sockets, links, owners, all_owners }
    }
}

/// The first socket of each key. Subflows of an MPTCP socket share one. The very same socket may have been found twice,
/// as the kernel's tables change while they are read.
fn first_of_each_key(sockets: &mut Vec<Socket>, keys: &mut Vec<u64>) -> HashMap<u64, u32> {
    let mut first = HashMap::with_capacity(keys.len());
    let mut kept = 0;
    for index in 0..keys.len() {
        let (key, socket) = (keys[index], sockets[index]);
        let earlier = *first.entry(key).or_insert(index_of(kept)) as usize;
        if earlier != kept && sockets[earlier] == socket {
            continue;
        }
        (keys[kept], sockets[kept]) = (key, socket);
        kept += 1;
    }
    keys.truncate(kept);
    sockets.truncate(kept);
    first
}

/// Puts the owners of each socket next to one another, by PID and descriptor.
fn link_owners(
    sockets: &[Socket],
    keys: &[u64],
    first: &HashMap<u64, u32>,
    held: Vec<Held>,
    links: &mut [Links],
) -> Vec<Owner> {
    let mut owned: Vec<_> = held
        .into_iter()
        .filter_map(|held| {
            let index = *first.get(&held.key)?;
            held.fits(&sockets[index as usize]).then_some((index, held.owner))
        })
        .collect();
    // Threads with a table of their own may have brought in a descriptor of their process twice.
    owned.sort_unstable_by_key(|(index, owner)| (*index, owner.pid, owner.fd));
    owned.dedup_by_key(|(index, owner)| (*index, owner.pid, owner.fd));

    let mut start = 0;
    for run in owned.chunk_by(|(one, _), (other, _)| one == other) {
        let first = &mut links[run[0].0 as usize];
        (first.owners, first.owner_count) = (index_of(start), index_of(run.len()));
        start += run.len();
    }
    for (index, key) in keys.iter().enumerate() {
        let first = links[first[key] as usize];
        (links[index].owners, links[index].owner_count) = (first.owners, first.owner_count);
    }
    owned.into_iter().map(|(_, owner)| owner).collect()
}

impl Held {
    /// Whether this is still the socket that was found under the key. A subflow's ports say nothing of its MPTCP socket.
    fn fits(&self, socket: &Socket) -> bool {
        let peer_port = socket.peer.map_or(0, |peer| peer.port());
        socket.mptcp || self.ports.is_none_or(|ports| ports == (socket.local.port(), peer_port))
    }
}

/// Where a listener is bound.
#[derive(PartialEq, Eq, Hash)]
struct Bound {
    netns: u32,
    inet6: bool,
    local: SocketAddr,
}

impl Bound {
    fn of(socket: &Socket, address: IpAddr) -> Self {
        Self {
            netns: socket.netns,
            inet6: socket.family == Family::Inet6,
            local: SocketAddr::new(address, socket.local.port()),
        }
    }
}

fn link_listeners(sockets: &[Socket], links: &mut [Links]) {
    let listeners: HashMap<Bound, u32> = sockets
        .iter()
        .enumerate()
        .filter(|(_, socket)| socket.state == State::Listen)
        .map(|(index, listener)| (Bound::of(listener, listener.local.ip()), index_of(index)))
        .collect();
    if listeners.is_empty() {
        return;
    }
    for (socket, links) in sockets.iter().zip(links) {
        // An accepted socket is its listener's clone, of the same family (`sk_clone_lock`).
        let any = match socket.family {
            Family::Inet => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            Family::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let came_from_one = !matches!(socket.state, State::Listen | State::SynSent) && !socket.bound;
        links.listener = came_from_one
            .then(|| {
                // The more specific one is asked first (`compute_score`).
                let candidates = [socket.local.ip(), any].map(|address| listeners.get(&Bound::of(socket, address)));
                candidates.into_iter().flatten().copied().find(|index| accepts(&sockets[*index as usize], socket))
            })
            .flatten()
            .and_then(number);
    }
}

/// Whether the listener takes peers like this socket's.
fn accepts(listener: &Socket, socket: &Socket) -> bool {
    listener.label.ip_version().is_none_or(|version| socket.label.ip_version() == Some(version))
}

/// What the two ends of a connection have in common, seen from one of them.
fn ends(socket: &Socket) -> Option<(u32, SocketAddr, SocketAddr)> {
    Some((socket.netns, socket.local, socket.peer?))
}

fn link_ends(sockets: &[Socket], links: &mut [Links]) {
    let hasher = DefaultHashBuilder::default();
    let hash = |index: &u32| hasher.hash_one(ends(&sockets[*index as usize]));
    let mut table = HashTable::with_capacity(sockets.len());
    for (index, socket) in sockets.iter().enumerate() {
        let index = index_of(index);
        let Some((netns, local, peer)) = ends(socket) else { continue };
        let reversed = Some((netns, peer, local));
        let other = table.find(hasher.hash_one(reversed), |other: &u32| ends(&sockets[*other as usize]) == reversed);
        if let Some(&other) = other {
            links[index as usize].other_end = number(other);
            links[other as usize].other_end = number(index);
        }
        table.insert_unique(hash(&index), index, hash);
    }
}

/// There are never as many sockets as 32 bits can count: each takes the kernel more than a kilobyte.
fn index_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn number(index: u32) -> Option<Index> {
    index.checked_add(1).and_then(Index::new)
}
