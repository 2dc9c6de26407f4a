//! Why connections are as they are.

use super::super::group::{Group, Kind};
use super::super::owner::holder;
use crate::model::{Family, Label};

pub(super) fn accepted(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let listener = socket.listener().filter(|_| group.kind == Kind::Accepted)?;
    Some(format!(
        "{} {}came from the listener on {}, and a socket that is accepted has its listener's family, {}.",
        group.name(),
        socket.probably(),
        listener.local,
        socket.family.as_str(),
    ))
}

pub(super) fn listener_gone(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (group.kind == Kind::Accepted && socket.listener().is_none()).then(|| {
        format!(
            "{}{} accepted by a listener that is not there now: it is closed, or on another port, as that of a \
             transparent proxy. A socket that is accepted has its listener's family, {}.",
            group.name(),
            group.word(" was", " were"),
            socket.family.as_str(),
        )
    })
}

pub(super) fn connection(group: &Group<'_>) -> Option<String> {
    if group.kind != Kind::Connection {
        return None;
    }
    let socket = group.first();
    let held = match socket.owners() {
        Some([_, ..]) => format!(" of {}", group.who()),
        _ => String::new(),
    };
    if group.is_one() {
        return Some(format!("{}{held}: {}.", group.name(), socket.why()));
    }
    let how = match socket.label {
        Label::Ipv4OverAfInet6 => "AF_INET6 sockets whose peers are IPv4-mapped addresses, ::ffff:a.b.c.d",
        Label::Ipv4 => "AF_INET sockets, which carry IPv4 only",
        _ => "AF_INET6 sockets whose peers are IPv6 addresses",
    };
    if socket.has_connected() {
        return Some(format!("{}{held}: {}connect() on {how}.", group.name(), socket.probably()));
    }
    Some(format!("{}{held}: {how}.", group.name()))
}

pub(super) fn ipv4_on_the_wire(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (socket.label == Label::Ipv4OverAfInet6 && group.kind != Kind::Listener).then(|| {
        format!(
            "{} IPv4 on the wire; netstat leaves the ::ffff: of the addresses out and still says tcp6.",
            match (group.kind, group.is_one()) {
                (Kind::Accepted, true) => "The peer is IPv4, so it is",
                (Kind::Accepted, false) => "The peers are IPv4, so they are",
                (_, true) => "It is",
                (_, false) => "They are",
            }
        )
    })
}

/// `IPV6_ADDRFORM` turns a mapped `AF_INET6` socket that is connected into an `AF_INET` one (`do_ipv6_setsockopt()`).
pub(super) fn addrform(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    if socket.family != Family::Inet || socket.listener().is_some() || socket.has_connected() {
        return None;
    }
    let mut listeners = group.evidence.sockets.listeners_on(socket.netns, socket.local.port()).peekable();
    let takes_ipv4 = listeners.peek().is_some_and(|first| first.label.takes(4));
    (takes_ipv4 && listeners.all(|listener| listener.family == Family::Inet6)).then(|| {
        format!(
            "{} {} AF_INET although the listener on port {} is AF_INET6: the program has turned {} by IPV6_ADDRFORM, or \
             an AF_INET listener has been closed since.",
            group.it(),
            group.word("is", "are"),
            socket.local.port(),
            group.word("it", "them"),
        )
    })
}

pub(super) fn other_end(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let other = socket.other_end().filter(|other| group.kind == Kind::Accepted && other.family != socket.family)?;
    let who = match other.owners() {
        Some([owner, ..]) if group.is_one() => format!(" in {}", holder(owner)),
        _ => String::new(),
    };
    Some(format!(
        "The other {}{who} {} {}, on this machine as well: netstat lists one connection as {} and as {}.",
        group.word("end", "ends"),
        group.word("is", "are"),
        other.family.as_str(),
        other.family.netstat(),
        socket.family.netstat(),
    ))
}
