//! The answer for listeners: who takes what, where.

use std::net::IpAddr;

use super::super::evidence::Evidence;
use super::super::group::ports;
use super::super::owner::{enumerate, holders};
use super::super::reach::Reach;
use super::super::service::{Other, Service, Takes};
use super::super::target::Target;
use crate::model::Family;

/// Clauses that are shown; the rest is counted.
const CLAUSES: usize = 4;

/// Ports and addresses that are shown of each.
const ITEMS: usize = 4;

pub(super) fn text(target: Target, services: &[Service<'_>], evidence: &Evidence<'_>) -> String {
    let mut services: Vec<_> = services.iter().collect();
    // What matters comes first.
    services.sort_by_key(|service| !service.is_problem());
    let mut text = clauses(target, &services, evidence);
    text.push_str(conclusion(&services));
    text
}

/// Where connections came to, to follow a sentence on them.
pub(super) fn origin(services: &[Service<'_>], are_several: bool, evidence: &Evidence<'_>) -> String {
    let all: Vec<_> = services.iter().collect();
    let they = if are_several { "They" } else { "It" };
    let text = match services {
        [] => return String::new(),
        [one] => match who(one, None) {
            None => format!("a listener that {}", phrase(one, evidence)),
            Some(who) => format!("{who}, which {}", phrase(one, evidence)),
        },
        _ => format!("several: {}", clauses(Target::Port(0), &all, evidence)),
    };
    let end = if services.iter().any(Service::is_problem) { conclusion(&all) } else { "." };
    format!(" {they} came to {text}{end}")
}

/// "nginx (PID 12) accepts …; it refuses …; apache2 (PID 13) accepts …".
fn clauses(target: Target, services: &[&Service<'_>], evidence: &Evidence<'_>) -> String {
    let asked = match target {
        Target::Process(pid) => Some(pid),
        Target::Port(_) | Target::Address(..) => None,
    };
    let places = places(services);
    let mut parts: Vec<String> = Vec::new();
    let mut last = None;
    for service in &services[..services.len().min(CLAUSES)] {
        let who = who(service, asked).unwrap_or_else(|| "the socket".to_owned());
        let subject = if last.as_ref() == Some(&who) { "it" } else { who.as_str() };
        let place = if places > 1 { format!(" in the network namespace {}", service.netns) } else { String::new() };
        let told = |other: &Other<'_>| services.iter().any(|told| told.listeners.contains(&other.listeners[0]));
        let other = service.other.as_ref().filter(|other| !told(other));
        let other = other.map(|other| in_place_of(service, other)).unwrap_or_default();
        parts.push(format!("{subject} {}{place}{other}", phrase(service, evidence)));
        last = Some(who);
    }
    if services.len() > CLAUSES {
        let rest: usize = services[CLAUSES..].iter().map(|service| service.ports.len()).sum();
        parts.push(if rest == 1 { "there is 1 more port".to_owned() } else { format!("there are {rest} more ports") });
    }
    parts.join("; ")
}

/// In how many network namespaces they are.
fn places(services: &[&Service<'_>]) -> usize {
    let mut places: Vec<_> = services.iter().map(|service| service.netns).collect();
    places.sort_unstable();
    places.dedup();
    places.len()
}

/// Who it is about, where that is known.
fn who(service: &Service<'_>, asked: Option<u32>) -> Option<String> {
    match service.listeners[0].owners() {
        None | Some([]) => None,
        Some(_) => Some(holders(&service.listeners, asked)),
    }
}

/// What a program does.
fn phrase(service: &Service<'_>, evidence: &Evidence<'_>) -> String {
    let Service { ipv4, ipv6, listeners, .. } = service;
    let ports = ports(&service.ports);
    let is_any = |reach: &Reach| matches!(reach, Reach::Everywhere { but } if but.is_empty());
    let text = match service.takes() {
        Takes::Both if is_any(ipv4) && is_any(ipv6) => {
            let with = if service.is_dual_stack() { "one socket for both" } else { "a socket for each" };
            format!("accepts IPv4 as well as IPv6 on {ports}, with {with}")
        }
        Takes::Both => format!("accepts IPv4{} and IPv6{}, {ports}", on(ipv4), on(ipv6)),
        Takes::Ipv4 => {
            let family = match listeners.iter().find(|listener| listener.label.takes(4)) {
                Some(listener) if listener.family == Family::Inet => ", with an AF_INET socket",
                _ if *ipv6 == Reach::NoAddress => "",
                _ => ", although the socket is AF_INET6",
            };
            match ipv6 {
                Reach::NoAddress => format!(
                    "accepts IPv4{}{family}; it would accept IPv6 as well, but {}",
                    at(ipv4, &ports),
                    no_address(service, 6, evidence)
                ),
                _ => format!("accepts IPv4 only{}{family}", at(ipv4, &ports)),
            }
        }
        Takes::Ipv6 if service.other.is_some() => format!("accepts IPv6 only{}", at(ipv6, &ports)),
        Takes::Ipv6 => {
            let place = if is_any(ipv6) { String::new() } else { format!(",{}", on(ipv6)) };
            format!("refuses IPv4 on {ports}, where it takes IPv6 only{place}")
        }
        Takes::Nothing => {
            let version = if *ipv6 == Reach::NoAddress { 6 } else { 4 };
            format!("listens on {ports}, where nobody can connect: {}", no_address(service, version, evidence))
        }
    };
    let from = if service.is_loopback() && service.takes() != Takes::Nothing { ", from this host alone" } else { "" };
    text + from
}

/// " on port 80", ", on 10.0.0.1, port 80".
fn at(reach: &Reach, ports: &str) -> String {
    match reach {
        Reach::Everywhere { but } if but.is_empty() => format!(" on {ports}"),
        _ => format!(",{}, {ports}", on(reach)),
    }
}

/// " on 10.0.0.1 and 10.0.0.2".
fn on(reach: &Reach) -> String {
    let list = |addresses: &[IpAddr]| enumerate(addresses, ITEMS);
    match reach {
        Reach::On(addresses) => format!(" on {}", list(addresses)),
        Reach::Everywhere { but } if but.is_empty() => " on every address".to_owned(),
        Reach::Everywhere { but } => format!(" on every address except {}", list(but)),
        Reach::Nowhere | Reach::NoAddress => String::new(),
    }
}

/// Why it takes a version of IP nowhere although it would.
fn no_address(service: &Service<'_>, version: u8, evidence: &Evidence<'_>) -> String {
    let network = evidence.network(service.netns);
    let mut addresses = network.iter().flat_map(|network| network.addresses.iter().flatten());
    if !addresses.any(|address| address.ip.is_ipv4() == (version == 4)) {
        return format!("no device here has an IPv{version} address");
    }
    let bound = service.listeners.iter().filter(|listener| listener.label.takes(version));
    let bound: Vec<_> = bound.map(|listener| listener.local.ip()).collect();
    match bound.as_slice() {
        [one] => format!("no device here has the address {one}"),
        _ => format!("no device here has one of the addresses {}", enumerate(&bound, ITEMS)),
    }
}

/// Who takes the version of IP that it does not.
fn in_place_of(service: &Service<'_>, other: &Other<'_>) -> String {
    let version = if service.ipv4 == Reach::Nowhere { 4 } else { 6 };
    let kind = if other.is_same_program { "another of its processes" } else { "another program" };
    format!("; IPv{version} there goes to {kind}, {}", holders(&other.listeners, None))
}

/// Words that end the answer.
fn conclusion(services: &[&Service<'_>]) -> &'static str {
    let is_shared = services.iter().any(|service| service.rival().is_some());
    let is_refused = services.iter().any(|service| service.is_problem() && service.other.is_none());
    let is_tcp6 = services.iter().any(|service| service.is_tcp6());
    match (is_refused, is_shared, is_tcp6) {
        (true, _, _) => ": that is the problem, not that netstat says tcp6.",
        (false, true, _) => ": two programs answer on one port, which may be a mistake.",
        (false, false, true) => ": tcp6 is no problem here.",
        (false, false, false) => ": nothing here is tcp6.",
    }
}
