//! What a program takes on a port with all its listeners there, and what other programs take on the same port.

use super::evidence::Evidence;
use super::owner::is_held_by;
use super::port::{Port, Ports, scope};
use super::reach::Reach;
use super::target::Target;
use crate::model::network::LOOPBACK;
use crate::model::socket::{Entry, Opening, State};
use crate::model::{Family, Label};
use crate::runtime::Scope;

/// The listeners of a program on one port, at least one, or on several where the same is true.
pub(super) struct Service<'a> {
    /// Its network namespace.
    pub(super) netns: u32,
    /// In order, each once.
    pub(super) ports: Vec<u16>,
    /// Its listeners.
    pub(super) listeners: Vec<Entry<'a>>,
    /// Where it takes IPv4.
    pub(super) ipv4: Reach,
    /// Where it takes IPv6.
    pub(super) ipv6: Reach,
    /// Who else takes the version of IP that it does not take, if it takes one.
    pub(super) other: Option<Other<'a>>,
}

/// Others that take something on the same port.
pub(super) struct Other<'a> {
    /// Their listeners.
    pub(super) listeners: Vec<Entry<'a>>,
    /// It is another process of the same program.
    pub(super) is_same_program: bool,
}

/// What a program takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Ipv4,
    Ipv6,
    Both,
}

/// The services that a question is about.
pub(super) struct Services<'a> {
    /// Each once; those that take the same together.
    pub(super) all: Vec<Service<'a>>,
    /// The question is about connections, which came to these services.
    pub(super) are_of_connections: bool,
}

impl<'a> Services<'a> {
    /// The services of a target, for which these sockets were selected.
    pub(super) fn of(target: Target, selected: &[Entry<'a>], ports: &Ports<'a>, evidence: &'a Evidence<'a>) -> Self {
        let meant: Vec<_> = selected.iter().copied().filter(|socket| target.means(*socket, evidence)).collect();
        let listeners = |sockets: &[Entry<'a>]| -> Vec<Entry<'a>> {
            sockets.iter().copied().filter(|socket| socket.state == State::Listen).collect()
        };
        let (asked, are_of_connections) = if meant.is_empty() {
            // They were found by where packets go.
            (listeners(selected), false)
        } else {
            let own = listeners(&meant);
            let of_connections = own.is_empty();
            (if of_connections { meant.iter().filter_map(Entry::listener).collect() } else { own }, of_connections)
        };
        let asked_pid = match target {
            Target::Process(pid) if !are_of_connections => Some(pid),
            _ => None,
        };
        Self { all: services(&asked, asked_pid, ports), are_of_connections }
    }
}

/// The services of these listeners: of their whole program, or of one process.
fn services<'a>(asked: &[Entry<'a>], pid: Option<u32>, ports: &Ports<'a>) -> Vec<Service<'a>> {
    let mut services: Vec<Service<'a>> = Vec::new();
    for ((netns, number), port) in ports {
        for program in &port.programs {
            if !program.iter().any(|listener| asked.contains(listener)) {
                continue;
            }
            let is_own = |listener: &Entry<'a>| pid.is_none_or(|pid| is_held_by(*listener, pid));
            let own = program.iter().copied().filter(is_own).collect();
            let service = Service::new(*netns, *number, own, program, port);
            match services.iter_mut().find(|known| known.is_like(&service)) {
                Some(known) => {
                    known.ports.push(*number);
                    known.listeners.extend(service.listeners);
                }
                None => services.push(service),
            }
        }
    }
    services
}

impl<'a> Service<'a> {
    fn new(netns: u32, number: u16, own: Vec<Entry<'a>>, program: &[Entry<'a>], port: &Port<'a>) -> Self {
        let reach =
            |of: &[Entry<'a>], version| Reach::of(of, if version == 4 { &port.ipv4 } else { &port.ipv6 }, version);
        let (ipv4, ipv6) = (reach(&own, 4), reach(&own, 6));
        let missing = [(&ipv4, 4), (&ipv6, 6)].into_iter().find(|(reach, _)| **reach == Reach::Nowhere);
        let other = missing.and_then(|(_, version)| {
            let takers = |of: Vec<Entry<'a>>, is_same_program| {
                let listeners: Vec<_> = of.into_iter().filter(|listener| listener.label.takes(version)).collect();
                reach(&listeners, version).is_taken().then_some(Other { listeners, is_same_program })
            };
            let siblings = program.iter().copied().filter(|listener| !own.contains(listener)).collect();
            let others = port.programs.iter().filter(|other| *other != program);
            takers(siblings, true).or_else(|| takers(others.flatten().copied().collect(), false))
        });
        Self { netns, ports: vec![number], listeners: own, ipv4, ipv6, other }
    }

    /// Whether the same can be said of both.
    fn is_like(&self, other: &Self) -> bool {
        let shape = |service: &Self| {
            let mut shape: Vec<_> = service.listeners.iter().map(|own| (own.family, own.local.ip())).collect();
            shape.sort_unstable();
            shape.dedup();
            shape
        };
        let holders = |service: &Self| {
            let owners = service.listeners.iter().flat_map(|own| own.owners().unwrap_or_default());
            let mut pids: Vec<_> = owners.map(|owner| owner.pid).collect();
            pids.sort_unstable();
            pids.dedup();
            pids
        };
        self.netns == other.netns
            && (&self.ipv4, &self.ipv6) == (&other.ipv4, &other.ipv6)
            && self.other.is_none()
            && other.other.is_none()
            && shape(self) == shape(other)
            && holders(self) == holders(other)
    }

    /// What it takes, somewhere.
    pub(super) fn takes(&self) -> Takes {
        match (self.ipv4.is_taken(), self.ipv6.is_taken()) {
            (true, true) => Takes::Both,
            (true, false) => Takes::Ipv4,
            (false, true) => Takes::Ipv6,
            (false, false) => Takes::Nothing,
        }
    }

    /// Whether netstat lists one of its listeners as `tcp6`.
    pub(super) fn is_tcp6(&self) -> bool {
        self.listeners.iter().any(|listener| listener.family == Family::Inet6)
    }

    /// Who else takes the version of IP that it does not, of another program.
    pub(super) fn rival(&self) -> Option<&[Entry<'a>]> {
        self.other.as_ref().filter(|other| !other.is_same_program).map(|other| other.listeners.as_slice())
    }

    /// Whether it is `tcp6` and refuses IPv4 clients that it should take, or leaves them to another program.
    pub(super) fn is_problem(&self) -> bool {
        let is_narrower = self.ipv4.is_loopback() && self.ipv6.is_taken() && !self.ipv6.is_loopback();
        let is_refused = self.ipv4 == Reach::Nowhere && !self.other.as_ref().is_some_and(|other| other.is_same_program);
        self.is_tcp6() && (is_refused || is_narrower)
    }

    /// Whether one socket takes both.
    pub(super) fn is_dual_stack(&self) -> bool {
        self.listeners.iter().any(|listener| listener.label == Label::DualStack)
    }

    /// Whether only this host can connect.
    pub(super) fn is_loopback(&self) -> bool {
        self.scope() == Scope::Loopback
            || self.listeners.iter().all(|listener| listener.device.is_some_and(|device| device.get() == LOOPBACK))
    }

    /// Whom it is meant to serve: the widest scope of its listeners.
    pub(super) fn scope(&self) -> Scope {
        let has = |wanted| self.listeners.iter().any(|listener| scope(*listener) == wanted);
        match (has(Scope::Any), has(Scope::One)) {
            (true, _) => Scope::Any,
            (_, true) => Scope::One,
            _ => Scope::Loopback,
        }
    }
}

/// Whether a connection was accepted, as far as is known.
pub(super) fn was_accepted(socket: Entry<'_>) -> bool {
    socket.listener().is_some() || socket.opening == Some(Opening::Passive)
}
