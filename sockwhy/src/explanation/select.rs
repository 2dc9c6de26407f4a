//! Which sockets a question is about.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::evidence::Evidence;
use super::owner::is_held_by;
use super::port::takers;
use super::target::{Target, Zone};
use crate::model::network::LOOPBACK;
use crate::model::socket::{Entry, State};

impl Target {
    /// The sockets that are meant, and the listeners that they came from; none where nothing is.
    pub fn select<'a>(self, evidence: &Evidence<'a>) -> Vec<Entry<'a>> {
        let all = || evidence.sockets.iter();
        let mut selected: Vec<Entry<'a>> = match self {
            Self::Process(_) => all().filter(|socket| self.means(*socket, evidence)).collect(),
            Self::Port(port) => {
                let local: Vec<_> = all().filter(|socket| socket.local.port() == port).collect();
                if local.is_empty() { all().filter(|socket| self.means(*socket, evidence)).collect() } else { local }
            }
            Self::Address(address, zone) => {
                let mut exact: Vec<_> = all().filter(|socket| self.means(*socket, evidence)).collect();
                // What is over does not hide who takes the next connection.
                if exact.iter().all(|socket| socket.state == State::TimeWait) {
                    exact.extend(responsible(address, zone, evidence));
                }
                exact
            }
        };
        let mut listeners: Vec<Entry<'_>> = Vec::new();
        for listener in selected.iter().filter_map(Entry::listener) {
            if !listeners.contains(&listener) {
                listeners.push(listener);
            }
        }
        listeners.retain(|listener| !selected.contains(listener));
        selected.extend(listeners);
        // Listeners first, as the others come from them; then by address, as the kernel's order means nothing.
        selected.sort_by_key(|socket| {
            let is_end = (socket.state != State::Listen, socket.listener().is_none());
            (is_end, socket.local.port(), socket.local.ip(), socket.peer, socket.cookie)
        });
        selected
    }

    /// Whether the question is about this very socket, and not about where it came from.
    pub(super) fn means(self, socket: Entry<'_>, evidence: &Evidence<'_>) -> bool {
        let ends = [Some(socket.local), socket.peer];
        let mut ends = ends.into_iter().flatten();
        match self {
            Self::Process(pid) => is_held_by(socket, pid),
            Self::Port(port) => ends.any(|end| end.port() == port),
            Self::Address(address, zone) => ends.any(|end| {
                (end.ip(), end.port()) == (address.ip(), address.port())
                    && is_in_zone(zone, end, evidence.network(socket.netns).map(|network| &network.devices))
            }),
        }
    }
}

fn is_in_zone(zone: Option<Zone>, end: SocketAddr, devices: Option<&BTreeMap<u32, String>>) -> bool {
    let SocketAddr::V6(end) = end else { return true };
    let index = end.scope_id();
    zone.is_none_or(|zone| index == 0 || zone.is(index, devices.and_then(|devices| devices.get(&index))))
}

/// The listeners that decide what becomes of a connection to this address: those that take it, or else all on its port,
/// which do not. None where it is no address of the host.
fn responsible<'a>(address: SocketAddr, zone: Option<Zone>, evidence: &Evidence<'a>) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    let mut namespaces: Vec<_> = evidence.sockets.iter().map(|socket| socket.netns).collect();
    namespaces.dedup();
    for netns in namespaces {
        let all: Vec<_> = evidence.sockets.listeners_on(netns, address.port()).collect();
        let network = evidence.network(netns);
        let known = network.and_then(|network| network.addresses.as_ref());
        let devices: Vec<u32> = match known {
            _ if address.ip().is_unspecified() => vec![LOOPBACK],
            None => vec![LOOPBACK],
            Some(known) => {
                let here = known.iter().filter(|own| own.takes(address.ip()));
                let is_meant = |device: &u32| {
                    let name = network.and_then(|network| network.devices.get(device));
                    zone.is_none_or(|zone| zone.is(*device, name))
                };
                here.map(|own| own.device).filter(is_meant).collect()
            }
        };
        for device in devices {
            let version = if address.is_ipv4() { 4 } else { 6 };
            let takers = takers(&all, version, Some(address.ip()), device);
            found.extend(if takers.is_empty() { all.clone() } else { takers });
        }
    }
    found
}
