//! Sockets that are explained together: what is said of one is true of the others.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::evidence::{Evidence, Holder};
use super::owner::{Mark, enumerate, holders, marks};
use super::port::{Ports, scope};
use super::service::was_accepted;
use crate::model::socket::{Entry, Opening, State};
use crate::model::{Family, Label};
use crate::runtime::Scope;

/// What the sockets of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// They listen.
    Listener,
    /// They came from a listener, which may be gone.
    Accepted,
    /// They did not, as far as can be seen.
    Connection,
}

/// Who takes IPv4 on the port of a listener that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside<'a> {
    /// The same program, by this listener.
    Same(Entry<'a>),
    /// Another program, by this listener.
    Other(Entry<'a>),
    /// Nobody.
    Nobody,
}

/// Sockets that are explained together, at least one.
pub(super) struct Group<'a> {
    pub(super) kind: Kind,
    pub(super) sockets: Vec<Entry<'a>>,
    pub(super) evidence: &'a Evidence<'a>,
    /// Of listeners that take IPv6 only.
    pub(super) beside: Option<Beside<'a>>,
}

/// Everything that decides what is said.
#[derive(PartialEq)]
struct Key<'a> {
    kind: Kind,
    netns: u32,
    family: Family,
    label: Label,
    v6only: Option<bool>,
    mptcp: bool,
    opening: Option<Opening>,
    /// Of a listener.
    listener: Option<ListenerKey<'a>>,
    /// Of a connection: the listener that it came from.
    origin: Option<(Family, SocketAddr)>,
    /// Of a connection: what the program is that holds it.
    runtime: Option<&'static str>,
    /// Of a connection: the family of its other end, where that is on this machine.
    other_end: Option<Family>,
}

#[derive(PartialEq)]
struct ListenerKey<'a> {
    scope: Scope,
    /// The programs that hold it.
    programs: BTreeSet<Mark<'a>>,
    /// Whether IPv4 is taken on its port, and by the same program.
    beside: Option<std::mem::Discriminant<Beside<'a>>>,
    is_on_a_device: bool,
}

/// Puts sockets together, in the order in which they come.
pub(super) fn groups<'a>(sockets: &[Entry<'a>], ports: &Ports<'a>, evidence: &'a Evidence<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<(Key<'a>, Group<'a>)> = Vec::new();
    for &socket in sockets {
        let beside = beside(socket, ports);
        let key = Key::of(socket, beside, evidence);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.sockets.push(socket),
            None => groups.push((key, Group { kind: kind(socket), sockets: vec![socket], evidence, beside })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn kind(socket: Entry<'_>) -> Kind {
    match socket.state {
        State::Listen => Kind::Listener,
        _ if was_accepted(socket) => Kind::Accepted,
        _ => Kind::Connection,
    }
}

/// Who takes the IPv4 clients that this listener does not take. A loopback listener does not help one that serves other hosts.
fn beside<'a>(socket: Entry<'a>, ports: &Ports<'a>) -> Option<Beside<'a>> {
    if socket.state != State::Listen || socket.label != Label::Ipv6Only {
        return None;
    }
    let port = ports.get(&(socket.netns, socket.local.port()))?;
    let program = port.programs.iter().find(|program| program.contains(&socket))?;
    let helps = |taker: &Entry<'a>| scope(socket) == Scope::Loopback || scope(*taker) != Scope::Loopback;
    let takers = || port.ipv4.iter().flat_map(|(_, takers)| takers.iter().copied()).filter(helps);
    let own = takers().find(|taker| program.contains(taker)).map(Beside::Same);
    Some(own.or_else(|| takers().next().map(Beside::Other)).unwrap_or(Beside::Nobody))
}

impl<'a> Key<'a> {
    fn of(socket: Entry<'a>, beside: Option<Beside<'a>>, evidence: &'a Evidence<'_>) -> Self {
        let kind = kind(socket);
        let is_listener = kind == Kind::Listener;
        let runtime = || evidence.holder_of(socket)?.identity.runtime;
        Self {
            kind,
            netns: socket.netns,
            family: socket.family,
            label: socket.label,
            v6only: socket.v6only,
            mptcp: socket.mptcp,
            opening: socket.opening,
            listener: is_listener.then(|| ListenerKey {
                scope: scope(socket),
                programs: marks(socket, evidence),
                beside: beside.as_ref().map(std::mem::discriminant),
                is_on_a_device: socket.device.is_some(),
            }),
            origin: socket.listener().map(|listener| (listener.family, listener.local)),
            runtime: if is_listener { None } else { runtime().map(|runtime| runtime.name) },
            other_end: socket.other_end().filter(|_| !is_listener).map(|other| other.family),
        }
    }
}

impl<'a> Group<'a> {
    /// One socket for all.
    pub(super) fn first(&self) -> Entry<'a> {
        self.sockets[0]
    }

    /// Whether it is about one socket.
    pub(super) fn is_one(&self) -> bool {
        self.sockets.len() == 1
    }

    /// "It" or "They", to begin a sentence that follows another on the same sockets.
    pub(super) fn it(&self) -> &'static str {
        if self.is_one() { "It" } else { "They" }
    }

    /// The word for one, or the word for several.
    pub(super) fn word(&self, one: &'static str, several: &'static str) -> &'static str {
        if self.is_one() { one } else { several }
    }

    /// The sockets, to begin a sentence with.
    pub(super) fn name(&self) -> String {
        let (first, count) = (self.first(), self.sockets.len());
        match (self.kind, first.peer) {
            (Kind::Listener, _) if self.is_one() => format!("The listener on {}", first.local),
            (Kind::Listener, _) => {
                let mut places: Vec<_> = self.sockets.iter().map(|socket| socket.local).collect();
                places.dedup();
                format!("The {count} listeners on {}", enumerate(&places, 3))
            }
            (Kind::Accepted, Some(peer)) if self.is_one() => format!("The connection from {peer}"),
            (Kind::Connection, Some(peer)) if self.is_one() => {
                format!("The connection between {} and {peer}", first.local)
            }
            (Kind::Accepted, _) => {
                format!("The {count} connections on {} from {} peers", ports(&self.ports()), version(first))
            }
            (Kind::Connection, _) => format!("The {count} connections to {} peers", version(first)),
        }
    }

    /// The local ports, each once.
    pub(super) fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<_> = self.sockets.iter().map(|socket| socket.local.port()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// The first process that holds it.
    pub(super) fn holder(&self) -> Option<&'a Holder> {
        self.evidence.holder_of(self.first())
    }

    /// Who holds the sockets: "java (PID 31307)".
    pub(super) fn who(&self) -> String {
        holders(&self.sockets, None)
    }
}

/// "port 80", "ports 80 and 443", "ports 80, 443, 8080, 8081, 8082 and 17 more".
pub(super) fn ports(ports: &[u16]) -> String {
    const SHOWN: usize = 5;
    format!("{} {}", if ports.len() == 1 { "port" } else { "ports" }, enumerate(ports, SHOWN))
}

/// The version of IP on the wire.
fn version(socket: Entry<'_>) -> &'static str {
    match socket.label.ip_version() {
        Some(4) => "IPv4",
        Some(_) => "IPv6",
        None => "any",
    }
}
