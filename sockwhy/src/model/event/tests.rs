use std::mem::offset_of;
use std::net::Ipv6Addr;

use bytemuck::{Zeroable, bytes_of};
use proptest::prelude::*;
use sockwhy_common::{Opened, flags};

use super::*;
use crate::model::{Family, Label};

/// A record, set field by field.
struct TestRecord(Opened);

impl TestRecord {
    fn new(kind: Kind, family: u16) -> Self {
        Self(Opened { head: Head { family, kind: kind as u8, ..Head::zeroed() }, ..Opened::zeroed() })
    }

    fn accept(family: u16, local: &str, peer: &str) -> Self {
        Self::new(Kind::Accept, family).ends(local, peer)
    }

    fn connect(family: u16, peer: &str) -> Self {
        Self::new(Kind::Connect, family).ends("::", peer)
    }

    fn ends(mut self, local: &str, peer: &str) -> Self {
        (self.0.head.local_addr, self.0.head.local_port) = (octets(local), 4243);
        (self.0.head.peer_addr, self.0.head.peer_port) = (octets(peer), 51514);
        self
    }

    fn listener(mut self, addr: &str) -> Self {
        self.0.listener_addr = octets(addr);
        self.flags(flags::LISTENER)
    }

    fn flags(mut self, flags: u8) -> Self {
        self.0.head.flags |= flags;
        self
    }

    fn decode(&self) -> Result<Event, DecodeError> {
        decode(bytes_of(&self.0), 0)
    }

    fn flow(&self) -> Flow {
        *self.decode().unwrap().flow()
    }

    fn why(&self) -> String {
        self.decode().unwrap().why().to_string()
    }
}

/// The event that begins a connection.
fn decode(record: &[u8], wall_clock: u64) -> Result<Event, DecodeError> {
    match Record::decode(record, wall_clock)? {
        Record::Begun(_, begun) => Ok(begun.into()),
        Record::Established(_) | Record::Closed(_) => Err(DecodeError::Size(record.len())),
    }
}

fn octets(address: &str) -> [u8; 16] {
    address.parse::<Ipv6Addr>().unwrap().octets()
}

const INET: u16 = sockwhy_common::AF_INET;
const INET6: u16 = sockwhy_common::AF_INET6;
const HERE: &str = "::ffff:10.0.0.12";
const THERE: &str = "::ffff:10.0.0.20";

#[test]
fn a_record_of_another_length_is_refused() {
    for length in [0, 1, 135, 137, 256] {
        assert_eq!(Record::decode(&vec![1; length], 0), Err(DecodeError::Size(length)));
    }
}

#[test]
fn a_record_of_an_unknown_kind_or_family_is_refused() {
    let mut record = TestRecord::connect(INET, THERE);
    record.0.head.kind = 3;
    assert_eq!(record.decode(), Err(DecodeError::Kind(3)));
    (record.0.head.kind, record.0.head.family) = (Kind::Connect as u8, 1);
    assert_eq!(record.decode(), Err(DecodeError::Family(1)));
}

#[test]
fn zero_means_not_known() {
    let ids = |event: Event| (event.task().pid, event.task().tid, event.task().cgroup_id, event.flow().cookie);
    let mut record = TestRecord::connect(INET, THERE);
    assert_eq!(ids(record.decode().unwrap()), (None, None, None, None));

    (record.0.pid, record.0.tid, record.0.cgroup_id, record.0.head.cookie) = (1, 2, 3, 4);
    assert_eq!(ids(record.decode().unwrap()), (Some(1), Some(2), Some(3), Some(4)));
}

#[test]
fn the_time_is_the_wall_clocks() {
    let mut record = TestRecord::connect(INET, THERE);
    record.0.head.time = 5;
    assert_eq!(decode(bytes_of(&record.0), 1_000).map(|event| event.flow().time), Ok(1_005));
    // A clock that was set to before the machine booted.
    assert_eq!(decode(bytes_of(&record.0), 0_u64.wrapping_sub(2)).map(|event| event.flow().time), Ok(3));
}

#[test]
fn mapped_addresses_are_shown_as_ipv4() {
    let flow = TestRecord::accept(INET6, HERE, THERE).flow();
    assert_eq!(
        (flow.local.to_string().as_str(), flow.peer.to_string().as_str()),
        ("10.0.0.12:4243", "10.0.0.20:51514")
    );
    let flow = TestRecord::accept(INET6, "2001:db8::12", "2001:db8::20").flow();
    assert_eq!(flow.peer.to_string(), "[2001:db8::20]:51514");
}

#[test]
fn only_af_inet6_sockets_have_v6only() {
    assert_eq!(TestRecord::connect(INET, THERE).flags(flags::V6ONLY).flow().v6only, None);
    assert_eq!(TestRecord::connect(INET6, THERE).flow().v6only, Some(false));
    assert_eq!(TestRecord::connect(INET6, "::1").flags(flags::V6ONLY).flow().v6only, Some(true));
}

#[test]
fn why_a_connect() {
    assert_eq!(TestRecord::connect(INET, THERE).why(), "connect() on an AF_INET socket, which carries IPv4 only");
    assert_eq!(TestRecord::connect(INET6, "2001:db8::1").why(), "connect() on an AF_INET6 socket to an IPv6 address");
    assert_eq!(
        TestRecord::connect(INET6, "::ffff:162.222.40.93").why(),
        "connect() on an AF_INET6 socket to ::ffff:162.222.40.93"
    );
}

#[test]
fn why_an_accept_of_ipv4_over_af_inet6() {
    let mapped = || TestRecord::accept(INET6, HERE, THERE);
    assert_eq!(
        mapped().listener("::").why(),
        "accepted on port 4243 by a dual-stack AF_INET6 listener; the peer is IPv4"
    );
    assert_eq!(
        mapped().listener(HERE).why(),
        "accepted on 10.0.0.12:4243 by an AF_INET6 listener bound to the IPv4-mapped address ::ffff:10.0.0.12; \
         the peer is IPv4"
    );
    assert_eq!(mapped().why(), "accepted on port 4243 by an AF_INET6 listener that takes IPv4; the peer is IPv4");
}

#[test]
fn why_an_accept_of_ipv6() {
    let native = || TestRecord::accept(INET6, "2001:db8::12", "2001:db8::20");
    let dual_stack = "accepted on port 4243 by a dual-stack AF_INET6 listener; the peer is IPv6";
    let v6only = "accepted on port 4243 by an IPv6-only AF_INET6 listener; the peer is IPv6";
    assert_eq!(native().listener("::").why(), dual_stack);
    assert_eq!(native().listener("::").flags(flags::LISTENER_V6ONLY | flags::V6ONLY).why(), v6only);
    assert_eq!(
        native().listener("2001:db8::12").flags(flags::LISTENER_V6ONLY | flags::V6ONLY).why(),
        "accepted on port 4243 by an AF_INET6 listener bound to one IPv6 address, 2001:db8::12; the peer is IPv6"
    );
    // The accepted socket's own option tells what its listener had.
    assert_eq!(native().why(), dual_stack);
    assert_eq!(native().flags(flags::V6ONLY).why(), v6only);
}

#[test]
fn why_an_accept_on_af_inet() {
    let expected = "accepted on port 4243 by an AF_INET listener, which takes IPv4 only";
    assert_eq!(TestRecord::accept(INET, HERE, THERE).why(), expected);
    assert_eq!(TestRecord::accept(INET, HERE, THERE).listener("::ffff:0.0.0.0").why(), expected);
}

#[test]
fn a_listener_that_cannot_have_taken_the_peer_is_not_believed() {
    let unknown = "accepted on port 4243 by an AF_INET6 listener that takes IPv4; the peer is IPv4";
    let mapped = || TestRecord::accept(INET6, HERE, THERE);
    assert_eq!(mapped().listener("::").flags(flags::LISTENER_V6ONLY).why(), unknown);
    assert_eq!(mapped().listener("2001:db8::12").why(), unknown);
    assert_eq!(
        TestRecord::accept(INET6, "::1", "::1").listener(HERE).flags(flags::V6ONLY).why(),
        "accepted on port 4243 by an IPv6-only AF_INET6 listener; the peer is IPv6"
    );
}

#[test]
fn why_says_mptcp() {
    assert_eq!(
        TestRecord::connect(INET6, THERE).flags(flags::MPTCP).why(),
        "connect() on an AF_INET6 socket to ::ffff:10.0.0.20; the socket is MPTCP"
    );
    // Binding to an address sets V6ONLY on the subflow, so the application's socket does not tell.
    assert_eq!(
        TestRecord::accept(INET6, "::1", "::1").flags(flags::MPTCP).why(),
        "accepted on port 4243 by an AF_INET6 listener that takes IPv6; the peer is IPv6; the socket is MPTCP"
    );
}

proptest! {
    #[test]
    fn decode_takes_any_bytes(
        mut record in proptest::collection::vec(any::<u8>(), size_of::<Opened>()),
        family in prop_oneof![Just(INET), Just(INET6), any::<u16>()],
        kind in 0..4_u8,
    ) {
        record[offset_of!(Head, family)..][..2].copy_from_slice(&family.to_ne_bytes());
        record[offset_of!(Head, kind)] = kind;
        let known = [INET, INET6].contains(&family) && [1, 2].contains(&kind);
        match decode(&record, 0) {
            Ok(event) => {
                prop_assert!(known);
                prop_assert_eq!(&record[..8], event.flow().time.to_ne_bytes());
                prop_assert!(!event.why().to_string().is_empty());
            }
            Err(error) => prop_assert!(!known, "{}", error),
        }
    }

    #[test]
    fn label_and_why_say_the_same(
        kind in prop_oneof![Just(Kind::Connect), Just(Kind::Accept)],
        family in prop_oneof![Just(INET), Just(INET6)],
        ends in proptest::array::uniform3(prop_oneof![any::<u32>().prop_map(|low| 0xffff_0000_0000 | u128::from(low)), any::<u128>()]),
        flags: u8,
    ) {
        let mut record = TestRecord::new(kind, family);
        [record.0.head.local_addr, record.0.head.peer_addr, record.0.listener_addr] = ends.map(u128::to_be_bytes);
        record.0.head.flags = flags;
        let (flow, why) = (record.flow(), record.why());

        prop_assert_eq!(why.contains("AF_INET6"), flow.family == Family::Inet6);
        prop_assert_eq!(why.contains("MPTCP"), flow.mptcp);
        prop_assert_eq!(flow.peer.is_ipv4(), flow.label.ip_version() == Some(4));
        match flow.label {
            Label::Ipv4 => prop_assert!(why.contains("IPv4 only")),
            Label::Ipv6 => prop_assert!(!why.contains("IPv4") && !why.contains("::ffff:"), "{}", why),
            _ => {
                prop_assert!(!why.contains("IPv6-only") && !why.contains("peer is IPv6"), "{}", why);
                prop_assert!(why.contains("IPv4") || why.contains("::ffff:"), "{}", why);
            }
        }
    }
}
