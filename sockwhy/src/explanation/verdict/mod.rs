//! The verdict: which clients are served, and whether tcp6 is a problem.

mod connected;
mod listening;

use std::collections::BTreeMap;

use super::evidence::Evidence;
use super::group::{Group, Kind};
use super::reach::Reach;
use super::service::{Service, Services};
use super::target::Target;
use crate::model::socket::Entry;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether IPv4 clients can connect, to one address at least; `None` where nothing listens, or some ports take them
    /// and others do not.
    pub accepts_ipv4: Option<bool>,
    /// Whether IPv6 clients can, likewise.
    pub accepts_ipv6: Option<bool>,
    /// Whether something that netstat lists as `tcp6` refuses IPv4.
    pub problem: bool,
    /// One sentence, or two.
    pub text: String,
}

/// The answer for these sockets.
pub(super) fn verdict(
    target: Target,
    groups: &[Group<'_>],
    services: &Services<'_>,
    evidence: &Evidence<'_>,
) -> Verdict {
    let text = if services.are_of_connections {
        let ends = connections(groups);
        let origin = listening::origin(&services.all, connected::count(&ends) > 1, evidence);
        connected::text(target, &ends) + &origin
    } else {
        listening::text(target, &services.all, evidence)
    };
    Verdict {
        accepts_ipv4: answer(&services.all, |service| &service.ipv4),
        accepts_ipv6: answer(&services.all, |service| &service.ipv6),
        problem: services.all.iter().any(Service::is_problem),
        text,
    }
}

/// Those of the sockets that do not listen.
fn connections<'a>(groups: &[Group<'a>]) -> Vec<Entry<'a>> {
    let connections = groups.iter().filter(|group| group.kind != Kind::Listener);
    connections.flat_map(|group| group.sockets.iter().copied()).collect()
}

/// Whether every port takes it, or none; a port does if one of its services does.
fn answer<'a>(services: &[Service<'a>], reach: for<'b> fn(&'b Service<'a>) -> &'b Reach) -> Option<bool> {
    let mut ports = BTreeMap::new();
    for service in services {
        for port in &service.ports {
            *ports.entry((service.netns, *port)).or_insert(false) |= reach(service).is_taken();
        }
    }
    let mut answers = ports.into_values();
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}
