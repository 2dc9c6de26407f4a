use std::net::SocketAddr;
use std::num::NonZeroU64;

use proptest::prelude::*;
use sockwhy_common::{AF_INET, AF_INET6, NO_UID, SocketRecord, socket_flags};

use super::*;
use crate::inventory::join;
use crate::model::{Family, Label};

const NETNS: u32 = 4_026_531_840;

fn socket(family: Family, state: State, local: &str, peer: Option<&str>) -> Socket {
    let [local, peer] = [Some(local), peer].map(|end| end.map(|end| end.parse::<SocketAddr>().unwrap()));
    let local = local.unwrap();
    let ends = [local, peer.unwrap_or(local)];
    let v6only = (family == Family::Inet6).then_some(false);
    Socket { uid: Some(0), ..Socket::new(NETNS, family, state, ends, v6only) }
}

fn listener(family: Family, local: &str) -> Socket {
    socket(family, State::Listen, local, None)
}

fn v6only(local: &str) -> Socket {
    let listener = listener(Family::Inet6, local);
    Socket { label: Label::Ipv6Only, v6only: Some(true), ..listener }
}

fn connection(family: Family, local: &str, peer: &str) -> Socket {
    socket(family, State::Established, local, Some(peer))
}

fn file(inode: u64, socket: Socket) -> Socket {
    Socket { inode: NonZeroU64::new(inode), ..socket }
}

fn held(inode: u64, pid: u32, fd: u32, name: &[u8]) -> Descriptor {
    let mut comm = [0; 16];
    comm[..name.len()].copy_from_slice(name);
    Descriptor { inode, owner: Owner { pid: Some(pid), process: comm.into(), fd } }
}

/// The reason of the last of these sockets.
fn why(sockets: &[Socket], held: &[Descriptor]) -> String {
    let last = sockets.last().unwrap();
    let all = join(sockets.to_vec(), held, true);
    let entry = all.iter().find(|entry| **entry == *last).unwrap();
    entry.why().to_string()
}

fn owners(sockets: &Sockets, inode: u64) -> Option<Vec<(Option<u32>, u32)>> {
    let entry = sockets.iter().find(|socket| socket.inode == NonZeroU64::new(inode)).unwrap();
    entry.owners().map(|owners| owners.iter().map(|owner| (owner.pid, owner.fd)).collect())
}

#[test]
fn a_record_becomes_a_socket() {
    let record = SocketRecord {
        cookie: 5,
        inode: 6,
        local_addr: "::ffff:10.0.0.5".parse::<std::net::Ipv6Addr>().unwrap().octets(),
        peer_addr: "::ffff:10.0.0.20".parse::<std::net::Ipv6Addr>().unwrap().octets(),
        uid: 1000,
        family: AF_INET6,
        local_port: 4243,
        peer_port: 51234,
        state: 1,
        flags: socket_flags::MPTCP,
        device: 0,
    };
    let expected = Socket {
        mptcp: true,
        uid: Some(1000),
        cookie: NonZeroU64::new(5),
        ..file(6, connection(Family::Inet6, "10.0.0.5:4243", "10.0.0.20:51234"))
    };
    assert_eq!(Socket::decode(&record, NETNS), Ok(expected));
    let active = SocketRecord { flags: socket_flags::ACTIVE, ..record };
    let passive = SocketRecord { flags: socket_flags::PASSIVE, ..record };
    let openings = [record, active, passive].map(|record| Socket::decode(&record, NETNS).unwrap().opening);
    assert_eq!(openings, [None, Some(Opening::Active), Some(Opening::Passive)]);
    // Only a link-local address is another on another device.
    let local_addr = "fe80::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let scoped = Socket::decode(&SocketRecord { local_addr, device: 3, ..record }, NETNS).unwrap();
    assert_eq!((scoped.local.to_string().as_str(), scoped.peer), ("[fe80::1%3]:4243", expected.peer));
    // The family decides, not the form of the address.
    let inet = Socket::decode(&SocketRecord { family: AF_INET, ..record }, NETNS).unwrap();
    assert_eq!((inet.label, inet.v6only), (Label::Ipv4, None));
    let forgotten = SocketRecord { uid: NO_UID, cookie: 0, inode: 0, state: 6, ..record };
    let forgotten = Socket::decode(&forgotten, NETNS).unwrap();
    assert_eq!((forgotten.state, forgotten.uid), (State::TimeWait, None));
    assert_eq!((forgotten.cookie, forgotten.inode), (None, None));
    for unknown in [SocketRecord { family: 1, ..record }, SocketRecord { state: 0, ..record }] {
        assert!(Socket::decode(&unknown, NETNS).is_err());
    }
}

#[test]
fn reasons_of_listeners() {
    for (listener, expected) in [
        (listener(Family::Inet, "0.0.0.0:1"), "an AF_INET listener takes IPv4 only"),
        (
            listener(Family::Inet6, "[::]:1"),
            "an AF_INET6 listener on :: without IPV6_V6ONLY takes IPv4 as well as IPv6",
        ),
        (v6only("[::]:1"), "an AF_INET6 listener with IPV6_V6ONLY takes IPv6 only"),
        (v6only("[fe80::1]:1"), "an AF_INET6 listener bound to one IPv6 address, fe80::1, takes IPv6 only"),
        (
            listener(Family::Inet6, "127.0.0.1:1"),
            "an AF_INET6 listener bound to the IPv4-mapped address ::ffff:127.0.0.1 takes IPv4 only",
        ),
    ] {
        assert_eq!(why(&[listener], &[]), expected);
    }
}

#[test]
fn a_connection_is_linked_to_the_listener_it_came_from() {
    let child = file(1, connection(Family::Inet6, "10.0.0.5:80", "10.0.0.20:50000"));
    let child = Socket { opening: Some(Opening::Passive), ..child };
    let any = listener(Family::Inet6, "[::]:80");
    let dual = "accepted on port 80 by a dual-stack AF_INET6 listener; the peer is IPv4";
    assert_eq!(why(&[any, child], &[]), dual);
    // The one that is bound to the address is asked before the one that is not.
    let mapped = listener(Family::Inet6, "10.0.0.5:80");
    let of_mapped = "accepted on 10.0.0.5:80 by an AF_INET6 listener bound to the IPv4-mapped address ::ffff:10.0.0.5; \
                     the peer is IPv4";
    assert_eq!(why(&[any, mapped, child], &[]), of_mapped);
    let waiting = Socket { inode: None, ..child };
    assert!(why(&[any, waiting], &[]).starts_with("to be accepted on port 80 by a dual-stack"));
    let handshake = Socket { state: State::SynRecv, opening: None, ..waiting };
    assert!(why(&[any, handshake], &[]).starts_with("to be accepted on port 80 by a dual-stack"));
    let closing = Socket { state: State::FinWait1, ..waiting };
    assert!(why(&[any, closing], &[]).starts_with("accepted on port 80 by a dual-stack"));
    // A listener can take a port that a client has connected from.
    assert_eq!(why(&[any, Socket { opening: None, ..child }], &[]), format!("probably {dual}"));
}

#[test]
fn a_connection_is_not_linked_to_a_listener_that_cannot_have_taken_it() {
    let child = file(1, connection(Family::Inet6, "10.0.0.5:80", "10.0.0.20:50000"));
    let other_port = listener(Family::Inet6, "[::]:81");
    let other_family = listener(Family::Inet, "0.0.0.0:80");
    let other_address = listener(Family::Inet6, "10.0.0.6:80");
    let other_netns = Socket { netns: NETNS + 1, ..listener(Family::Inet6, "[::]:80") };
    for listener in [other_port, other_family, other_address, other_netns, v6only("[::]:80")] {
        assert_eq!(why(&[listener, child], &[]), "an AF_INET6 socket whose peer is ::ffff:10.0.0.20", "{listener:?}");
    }
    // One that has connected, or is just connecting, has no listener.
    let listener = listener(Family::Inet6, "[::]:80");
    for connecting in [Socket { opening: Some(Opening::Active), ..child }, Socket { state: State::SynSent, ..child }] {
        assert_eq!(why(&[listener, connecting], &[]), "connect() on an AF_INET6 socket to ::ffff:10.0.0.20");
    }
}

#[test]
fn a_listener_that_is_gone_has_still_accepted() {
    let child = connection(Family::Inet6, "10.0.0.5:80", "10.0.0.20:50000");
    assert_eq!(
        why(&[Socket { opening: Some(Opening::Passive), ..child }], &[]),
        "accepted by a listener that is not there now: an AF_INET6 socket whose peer is ::ffff:10.0.0.20"
    );
}

/// A listener can take a port that a client has connected from.
#[test]
fn where_a_listener_fits_both_ends_the_kernel_knows_which_one_was_accepted() {
    let listeners = [listener(Family::Inet, "127.0.0.1:80"), listener(Family::Inet, "0.0.0.0:50000")];
    let accepted = file(1, connection(Family::Inet, "127.0.0.1:80", "127.0.0.1:50000"));
    let client = file(2, connection(Family::Inet, "127.0.0.1:50000", "127.0.0.1:80"));
    let reason = |one, other| why(&[&listeners[..], &[one, other]].concat(), &[]);
    let unknown = "an AF_INET socket carries IPv4 only; the other end is AF_INET";
    assert_eq!((reason(accepted, client), reason(client, accepted)), (unknown.to_owned(), unknown.to_owned()));
    let accepted = Socket { opening: Some(Opening::Passive), ..accepted };
    let client = Socket { opening: Some(Opening::Active), ..client };
    assert!(reason(accepted, client).starts_with("connect() on an AF_INET socket"));
    let of_accepted = reason(client, accepted);
    assert!(of_accepted.starts_with("accepted on port 80 by an AF_INET listener"), "{of_accepted}");
}

#[test]
fn the_two_ends_of_a_connection_are_linked() {
    let listener = listener(Family::Inet6, "[::]:80");
    let server = file(1, connection(Family::Inet6, "127.0.0.1:80", "127.0.0.1:50000"));
    let client = file(2, connection(Family::Inet, "127.0.0.1:50000", "127.0.0.1:80"));
    let held = [held(1, 31307, 7, b"java"), held(2, 4242, 3, b"curl")];
    assert_eq!(
        why(&[listener, client, server], &held),
        "probably accepted on port 80 by a dual-stack AF_INET6 listener; the peer is IPv4; the other end is 4242/curl, \
         AF_INET"
    );
    assert_eq!(
        why(&[listener, server, client], &held),
        "probably connect() on an AF_INET socket, which carries IPv4 only; the other end is 31307/java, AF_INET6"
    );
    let elsewhere = Socket { netns: NETNS + 1, ..client };
    assert!(!why(&[listener, elsewhere, server], &held).contains("the other end"));
}

#[test]
fn a_socket_that_is_connected_to_itself_has_no_other_end() {
    let alone = connection(Family::Inet, "127.0.0.1:80", "127.0.0.1:80");
    assert_eq!(why(&[alone], &[]), "an AF_INET socket carries IPv4 only");
}

#[test]
fn names_in_reasons_are_safe_for_a_terminal() {
    let server = file(1, connection(Family::Inet, "127.0.0.1:80", "127.0.0.1:50000"));
    let client = file(2, connection(Family::Inet, "127.0.0.1:50000", "127.0.0.1:80"));
    let reason = why(&[client, server], &[held(2, 1, 3, b"\x1b[2J")]);
    assert!(reason.ends_with(r"the other end is 1/\x1b[2J, AF_INET"), "{reason}");
}

#[test]
fn owners_are_listed_once_each_and_in_order() {
    let sockets = vec![
        file(10, listener(Family::Inet, "0.0.0.0:1")),
        file(20, listener(Family::Inet, "0.0.0.0:2")),
        file(30, listener(Family::Inet, "0.0.0.0:3")),
        listener(Family::Inet, "0.0.0.0:4"),
    ];
    let hidden = Descriptor { owner: Owner { pid: None, ..held(10, 1, 9, b"x").owner }, ..held(10, 1, 9, b"x") };
    let held = [
        held(10, 7, 4, b"b"),
        held(20, 1, 3, b"a"),
        held(10, 7, 3, b"b"),
        hidden,
        held(10, 1, 3, b"a"),
        held(10, 7, 4, b"b"),
        held(99, 1, 5, b"no TCP"),
    ];
    let all = join(sockets.clone(), &held, true);
    assert_eq!(owners(&all, 10).unwrap(), [(None, 9), (Some(1), 3), (Some(7), 3), (Some(7), 4)]);
    assert_eq!(owners(&all, 20).unwrap(), [(Some(1), 3)]);
    assert_eq!(owners(&all, 30).unwrap(), []);
    // Where not every process could be read, no known owner is not no owner. A socket without a file has none.
    let some = join(sockets, &held, false);
    assert_eq!(owners(&some, 20).unwrap(), [(Some(1), 3)]);
    assert_eq!(owners(&some, 30), None);
    let without_file = some.iter().find(|socket| socket.inode.is_none()).unwrap();
    assert_eq!(without_file.owners(), Some(&[][..]));
}

#[test]
fn subflows_have_the_owners_of_their_socket() {
    let subflow = |local| Socket { mptcp: true, ..file(10, connection(Family::Inet, local, "10.0.0.2:80")) };
    let all = join(vec![subflow("10.0.0.1:1"), subflow("10.0.1.1:2")], &[held(10, 1, 3, b"a")], true);
    for socket in all.iter() {
        assert_eq!(socket.owners().unwrap().len(), 1);
        assert!(socket.why().to_string().ends_with("; the socket is MPTCP"));
    }
}

#[test]
fn the_listeners_on_a_port_are_found() {
    let list = vec![
        connection(Family::Inet, "127.0.0.1:2", "127.0.0.1:3"),
        listener(Family::Inet, "0.0.0.0:2"),
        listener(Family::Inet6, "[::]:2"),
        listener(Family::Inet, "0.0.0.0:3"),
        Socket { netns: NETNS + 1, ..listener(Family::Inet, "0.0.0.0:2") },
    ];
    let all = join(list, &[], true);
    let count = |netns, port| {
        let found: Vec<_> = all.listeners_on(netns, port).collect();
        assert!(found.iter().all(|socket| socket.state == State::Listen && socket.local.port() == port));
        found.len()
    };
    let found = [count(NETNS, 1), count(NETNS, 2), count(NETNS, 3), count(NETNS, 4), count(NETNS + 1, 2)];
    assert_eq!((found, count(NETNS - 1, 2), count(NETNS + 2, 2)), ([0, 2, 1, 0, 1], 0, 0));
}

#[test]
fn listeners_stand_first_then_by_port() {
    let list = vec![
        connection(Family::Inet, "127.0.0.1:1", "127.0.0.1:3"),
        listener(Family::Inet, "0.0.0.0:2"),
        connection(Family::Inet, "127.0.0.1:1", "127.0.0.1:2"),
        Socket { netns: NETNS - 1, ..connection(Family::Inet, "127.0.0.1:9", "127.0.0.1:3") },
        listener(Family::Inet, "0.0.0.0:1"),
    ];
    let all = join(list, &[], true);
    let order: Vec<_> =
        all.iter().map(|socket| (socket.local.port(), socket.peer.map_or(0, |peer| peer.port()))).collect();
    assert_eq!(order, [(9, 3), (1, 0), (2, 0), (1, 2), (1, 3)]);
}

proptest! {
    /// Each descriptor is listed for each socket with its inode, and for no other.
    #[test]
    fn no_owner_is_lost_or_invented(
        inodes in proptest::collection::vec(0..8_u64, 0..12),
        descriptors in proptest::collection::vec((0..10_u64, 1..4_u32, 0..4_u32), 0..40),
    ) {
        let sockets = inodes.iter().map(|inode| {
            Socket { mptcp: true, ..file(*inode, connection(Family::Inet, "10.0.0.1:1", "10.0.0.2:80")) }
        });
        let held: Vec<_> = descriptors.iter().map(|(inode, pid, fd)| held(*inode, *pid, *fd, b"x")).collect();
        let all = join(sockets.collect(), &held, true);
        prop_assert_eq!(all.len(), inodes.len());
        for socket in all.iter() {
            let mut expected: Vec<_> = descriptors
                .iter()
                .filter(|(inode, ..)| Some(*inode) == socket.inode.map(NonZeroU64::get))
                .map(|(_, pid, fd)| (*pid, *fd))
                .collect();
            expected.sort_unstable();
            expected.dedup();
            let seen: Vec<_> = socket.owners().unwrap().iter().map(|owner| (owner.pid.unwrap(), owner.fd)).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
