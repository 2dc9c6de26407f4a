//! A port of a network namespace: which of its listeners gets which connection, as the kernel's lookup finds it
//! (`__inet_lookup_listener()`, `inet6_lookup_listener()`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::evidence::Evidence;
use super::owner::by_program;
use crate::model::Family;
use crate::model::network::{LOOPBACK, Network};
use crate::model::socket::{Entry, State};
use crate::runtime::Scope;

/// All listeners on a port.
pub(super) struct Port<'a> {
    /// They themselves, by program.
    pub(super) programs: Vec<Vec<Entry<'a>>>,
    /// Who gets the connections of IPv4.
    pub(super) ipv4: Places<'a>,
    /// Who gets those of IPv6.
    pub(super) ipv6: Places<'a>,
}

/// For each address that somebody could connect to, those who get the connection: several where they share the port by
/// `SO_REUSEPORT`, and none where it is refused. `None` stands for every address, where the host's are unknown.
pub(super) type Places<'a> = Vec<(Option<IpAddr>, Vec<Entry<'a>>)>;

/// Ports by network namespace and number.
pub(super) type Ports<'a> = BTreeMap<(u32, u16), Port<'a>>;

/// The ports of those of these sockets that listen.
pub(super) fn ports<'a>(sockets: &[Entry<'a>], evidence: &'a Evidence<'a>) -> Ports<'a> {
    let listeners = sockets.iter().filter(|socket| socket.state == State::Listen);
    let keys: BTreeSet<_> = listeners.map(|socket| (socket.netns, socket.local.port())).collect();
    keys.into_iter().map(|key| (key, Port::new(key.0, key.1, evidence))).collect()
}

impl<'a> Port<'a> {
    fn new(netns: u32, port: u16, evidence: &'a Evidence<'a>) -> Self {
        let all: Vec<_> = evidence.sockets.listeners_on(netns, port).collect();
        let network = evidence.network(netns);
        Self { programs: by_program(&all, evidence), ipv4: places(&all, network, 4), ipv6: places(&all, network, 6) }
    }
}

fn places<'a>(all: &[Entry<'a>], network: Option<&Network>, version: u8) -> Places<'a> {
    let addresses = network.and_then(|network| network.addresses.as_deref());
    let bound = all.iter().filter(|listener| listener.label.takes(version)).map(|listener| listener.local.ip());
    let bound = bound.filter(|ip| !ip.is_unspecified());
    // Such as 127.0.0.53, which no device has, but the loopback device takes.
    let taken = bound.filter(|ip| addresses.is_none_or(|addresses| addresses.iter().any(|own| own.takes(*ip))));
    let mut places: BTreeMap<Option<IpAddr>, u32> = taken.map(|ip| (Some(ip), LOOPBACK)).collect();
    match addresses {
        None => places.extend([(None, LOOPBACK)]),
        Some(addresses) => {
            let of_version = addresses.iter().filter(|address| address.ip.is_ipv4() == (version == 4));
            places.extend(of_version.map(|address| (Some(address.ip), address.device)));
        }
    }
    places.into_iter().map(|(ip, device)| (ip, takers(all, version, ip, device))).collect()
}

/// The listeners among `all` on one port that get a connection of IP `version` to `ip`, an address of a device. One bound to
/// the address comes before one on any (there are two lookups); then one bound to the device, and for IPv4 one of
/// `AF_INET` (`compute_score()`).
pub(super) fn takers<'a>(all: &[Entry<'a>], version: u8, ip: Option<IpAddr>, device: u32) -> Vec<Entry<'a>> {
    let score = |listener: &Entry<'a>| {
        let is_exact = ip == Some(listener.local.ip());
        let is_reached = is_on_any_device(*listener) || listener.device.is_some_and(|bound| bound.get() == device);
        let fits = listener.label.takes(version) && (is_exact || is_on_any(*listener)) && is_reached;
        let is_inet = version == 4 && listener.family == Family::Inet;
        fits.then(|| (is_exact, u8::from(listener.device.is_some()) + u8::from(is_inet)))
    };
    let best = all.iter().filter_map(score).max();
    all.iter().copied().filter(|listener| best.is_some() && score(listener) == best).collect()
}

/// Whether it is bound to no address: 0.0.0.0, `::`, or `::ffff:0.0.0.0`.
pub(super) fn is_on_any(listener: Entry<'_>) -> bool {
    listener.local.ip().is_unspecified()
}

/// Whether the device that it is bound to, if any, keeps none of the host's addresses from it. What comes by the loopback
/// device is what the host sends to itself, to whichever of its addresses.
pub(super) fn is_on_any_device(listener: Entry<'_>) -> bool {
    listener.device.is_none_or(|device| device.get() == LOOPBACK)
}

/// Whom a listener is meant to serve.
pub(super) fn scope(listener: Entry<'_>) -> Scope {
    match (is_on_any(listener), listener.local.ip().is_loopback()) {
        (true, _) => Scope::Any,
        (_, true) => Scope::Loopback,
        _ => Scope::One,
    }
}
