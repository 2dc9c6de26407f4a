//! From what the kernel says of each socket and each descriptor to sockets with owners and links. Linear: a machine can
//! have hundreds of thousands.

use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::owner::{Descriptor, Owner};
use super::socket::{Opening, Socket};
use super::sockets::{Index, Links, Share};
use super::state::State;
use crate::model::Family;

/// Puts sockets in the order of access, as jumping through memory is slow: by network namespace; in each, the listeners
/// first, then by port.
pub(crate) fn sort(sockets: &mut [Socket]) {
    sockets.sort_by_cached_key(|socket| {
        let peer_port = socket.peer.map_or(0, |peer| peer.port());
        (socket.netns, socket.state != State::Listen, socket.local.port(), peer_port)
    });
}

/// Puts the owners of each socket next to one another, by PID and descriptor.
pub(crate) fn share(sockets: &[Socket], descriptors: &[Descriptor]) -> (Vec<Share>, Vec<Owner>) {
    let mut shares = vec![Share::default(); sockets.len()];
    // The subflows of an MPTCP socket all have its inode: the first of them is linked, the others follow it.
    let mut first = HashMap::with_capacity(sockets.len());
    for (index, socket) in sockets.iter().enumerate() {
        if let Some(inode) = socket.inode {
            first.entry(inode.get()).or_insert(index_of(index));
        }
    }
    let owned = |descriptor: &Descriptor| Some((*first.get(&descriptor.inode)?, descriptor.owner));
    let owned: Vec<_> = descriptors.iter().filter_map(owned).collect();
    let Some((_, any)) = owned.first() else { return (shares, Vec::new()) };

    for (socket, _) in &owned {
        shares[*socket as usize].count += 1;
    }
    let mut start = 0;
    for share in &mut shares {
        share.start = start;
        start += std::mem::take(&mut share.count);
    }
    let mut owners = vec![*any; owned.len()];
    for (socket, owner) in owned {
        let share = &mut shares[socket as usize];
        owners[(share.start + share.count) as usize] = owner;
        share.count += 1;
    }
    for share in shares.iter_mut().filter(|share| share.count > 1) {
        // Threads with a table of their own may have brought in a descriptor of their process twice.
        let mut distinct = owners[share.start as usize..][..share.count as usize].to_vec();
        distinct.sort_unstable_by_key(|owner| (owner.pid, owner.fd));
        distinct.dedup_by_key(|owner| (owner.pid, owner.fd));
        share.count = index_of(distinct.len());
        owners[share.start as usize..][..distinct.len()].copy_from_slice(&distinct);
    }
    for (index, socket) in sockets.iter().enumerate().filter(|(_, socket)| socket.mptcp) {
        if let Some(first) = socket.inode.and_then(|inode| first.get(&inode.get())) {
            shares[index] = shares[*first as usize];
        }
    }
    (shares, owners)
}

/// Links each socket to those it belongs to.
pub(crate) fn link(sockets: &[Socket]) -> Vec<Links> {
    let mut links = vec![Links::default(); sockets.len()];
    link_listeners(sockets, &mut links);
    link_ends(sockets, &mut links);
    unlink_ambiguous(sockets, &mut links);
    links
}

/// Where a listener is bound.
#[derive(PartialEq, Eq, Hash)]
struct Bound {
    netns: u32,
    family: Family,
    address: IpAddr,
    port: u16,
}

impl Bound {
    fn of(socket: &Socket, address: IpAddr) -> Self {
        Self { netns: socket.netns, family: socket.family, address, port: socket.local.port() }
    }
}

fn link_listeners(sockets: &[Socket], links: &mut [Links]) {
    let mut ports = vec![false; 1 << u16::BITS];
    let mut listeners = HashMap::new();
    for (index, socket) in sockets.iter().enumerate().filter(|(_, socket)| socket.state == State::Listen) {
        ports[usize::from(socket.local.port())] = true;
        listeners.insert(Bound::of(socket, socket.local.ip()), index_of(index));
    }
    for (socket, links) in sockets.iter().zip(links) {
        if ports[usize::from(socket.local.port())] && may_come_from_a_listener(socket) {
            // The more specific one is asked first (`compute_score`). An accepted socket is its listener's clone, of
            // the same family (`sk_clone_lock`).
            let any = match socket.family {
                Family::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                Family::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            };
            let candidates = [socket.local.ip(), any].map(|address| listeners.get(&Bound::of(socket, address)));
            let listener = candidates.into_iter().flatten().find(|index| accepts(&sockets[**index as usize], socket));
            links.listener = listener.copied().and_then(number);
        }
    }
}

fn may_come_from_a_listener(socket: &Socket) -> bool {
    !matches!(socket.state, State::Listen | State::SynSent) && socket.opening != Some(Opening::Active)
}

/// Whether the listener takes peers like this socket's.
fn accepts(listener: &Socket, socket: &Socket) -> bool {
    socket.label.ip_version().is_some_and(|version| listener.label.takes(version))
}

/// What the two ends of a connection have in common, seen from one of them.
type Ends = (u32, SocketAddr, SocketAddr);

fn ends(socket: &Socket) -> Option<Ends> {
    Some((socket.netns, socket.local, socket.peer?))
}

fn link_ends(sockets: &[Socket], links: &mut [Links]) {
    let hasher = DefaultHashBuilder::default();
    // The same seen from either end.
    let hash = |(netns, local, peer): Ends| hasher.hash_one((netns, local.min(peer), local.max(peer)));
    let mut unpaired: HashTable<u32> = HashTable::with_capacity(sockets.len());
    for (index, socket) in sockets.iter().enumerate() {
        let Some((netns, local, peer)) = ends(socket) else { continue };
        let seen_from_there = Some((netns, peer, local));
        let hash_of = |index: &u32| ends(&sockets[*index as usize]).map_or(0, hash);
        let entry = unpaired.entry(
            hash((netns, local, peer)),
            |other| ends(&sockets[*other as usize]) == seen_from_there,
            hash_of,
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(other) => {
                let other = *other.get();
                links[index].other_end = number(other);
                links[other as usize].other_end = number(index_of(index));
            }
            hashbrown::hash_table::Entry::Vacant(place) => {
                place.insert(index_of(index));
            }
        }
    }
}

/// One of the two ends has called `connect()`. Where a listener fits both, and the kernel does not say how they began, it
/// is unknown which.
fn unlink_ambiguous(sockets: &[Socket], links: &mut [Links]) {
    for index in 0..sockets.len() {
        let is_guess = |at: usize| sockets[at].opening.is_none() && links[at].listener.is_some();
        let other = links[index].other_end.map(|other| other.get() as usize - 1);
        if let Some(other) = other.filter(|other| is_guess(index) && is_guess(*other)) {
            (links[index].listener, links[other].listener) = (None, None);
        }
    }
}

/// There are never as many sockets as 32 bits can count: each takes the kernel more than a kilobyte.
fn index_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn number(index: u32) -> Option<Index> {
    index.checked_add(1).and_then(Index::new)
}
