//! What else somebody who asks may have to know: people ask because something does not work.

use std::net::Ipv6Addr;

use super::causes::Cause;
use super::evidence::Evidence;
use super::group::{Group, Kind, ports};
use super::service::{Service, Services, Takes};
use crate::model::Family;

/// All of it.
pub(super) fn notes(groups: &[Group<'_>], services: &Services<'_>, evidence: &Evidence<'_>) -> Vec<Cause> {
    let rules: [(&'static str, Option<String>); 4] = [
        ("nothing-listens", nothing_listens(groups, evidence)),
        ("localhost-may-be-ipv6", localhost_may_be_ipv6(services, evidence)),
        ("look-elsewhere", look_elsewhere(services)),
        ("udp-on-the-port", udp_on_the_port(services, evidence)),
    ];
    rules.into_iter().filter_map(|(rule, text)| Some(Cause { rule, text: text? })).collect()
}

/// What was accepted outlives its listener.
fn nothing_listens(groups: &[Group<'_>], evidence: &Evidence<'_>) -> Option<String> {
    let accepted = groups.iter().filter(|group| group.kind == Kind::Accepted && group.first().listener().is_none());
    let mut gone: Vec<_> = accepted
        .flat_map(|group| group.ports().into_iter().map(|port| (group.first().netns, port)))
        .filter(|(netns, port)| evidence.sockets.listeners_on(*netns, *port).next().is_none())
        .map(|(_, port)| port)
        .collect();
    gone.sort_unstable();
    gone.dedup();
    (!gone.is_empty()).then(|| format!("Nothing listens on {} now.", ports(&gone)))
}

/// An `AF_INET` listener where the host has `::1`.
fn localhost_may_be_ipv6(services: &Services<'_>, evidence: &Evidence<'_>) -> Option<String> {
    let is_refused = |service: &&Service<'_>| {
        let network = evidence.network(service.netns);
        let mut addresses = network.iter().flat_map(|network| network.addresses.iter().flatten());
        let is_missed = addresses.any(|address| address.ip == Ipv6Addr::LOCALHOST);
        service.takes() == Takes::Ipv4 && !service.is_tcp6() && service.other.is_none() && is_missed
    };
    services.all.iter().find(is_refused)?;
    Some(
        "A client that is told localhost may try ::1 first, as Node.js does since version 17, and is refused: tell it \
         127.0.0.1, or let the program serve IPv6 as well."
            .to_owned(),
    )
}

fn look_elsewhere(services: &Services<'_>) -> Option<String> {
    let takes_ipv4 = |service: &Service<'_>| service.ipv4.is_taken() && !service.is_problem();
    if services.are_of_connections || services.all.is_empty() || !services.all.iter().all(takes_ipv4) {
        return None;
    }
    let text = if services.all.iter().all(Service::is_loopback) {
        "Other hosts cannot connect, by IPv4 or by IPv6."
    } else {
        "Where an IPv4 client still cannot connect, the socket is not the reason: look at the firewall, at NAT, and \
         at what stands behind this program."
    };
    Some(text.to_owned())
}

fn udp_on_the_port(services: &Services<'_>, evidence: &Evidence<'_>) -> Option<String> {
    let has = |service: &Service<'_>, port: u16, family| {
        evidence.network(service.netns).is_some_and(|network| network.udp.contains(&(port, family)))
    };
    let all = || services.all.iter().flat_map(|service| service.ports.iter().map(move |port| (service, *port)));
    let of = |family| all().filter(move |(service, port)| has(service, *port, family)).map(|(_, port)| port);
    let mut both: Vec<u16> = of(Family::Inet).chain(of(Family::Inet6)).collect();
    both.sort_unstable();
    both.dedup();
    let (inet, inet6) = (of(Family::Inet).next().is_some(), of(Family::Inet6).next().is_some());
    let listed = match (inet, inet6) {
        (true, true) => "udp and udp6",
        (true, false) => "udp",
        (false, true) => "udp6",
        (false, false) => return None,
    };
    Some(format!("UDP sockets use {} as well, which netstat lists as {listed}: this is about TCP.", ports(&both)))
}
