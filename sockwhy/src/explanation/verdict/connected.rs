//! The answer for connections.

use std::collections::BTreeSet;

use super::super::owner::{holder, is_held_by};
use super::super::target::Target;
use crate::model::socket::Entry;
use crate::model::{Family, Label};

/// One sentence on sockets that do not listen.
pub(super) fn text(target: Target, sockets: &[Entry<'_>]) -> String {
    let count = count(sockets);
    let both = match (count, sockets.len()) {
        (1, 2) => ", with both ends on this host",
        (count, ends) if ends > count => ", some with both ends on this host",
        _ => "",
    };
    format!("{}{}{both}: {}.", subject(target, sockets, count), kinds(sockets, count), conclusion(sockets))
}

/// How many connections these are the ends of.
pub(super) fn count(sockets: &[Entry<'_>]) -> usize {
    let ends: BTreeSet<_> = sockets.iter().map(Entry::index).collect();
    let is_first = |socket: &&Entry<'_>| {
        let other = socket.other_end().map(|other| other.index());
        other.is_none_or(|other| other > socket.index() || !ends.contains(&other))
    };
    sockets.iter().filter(is_first).count()
}

/// "The connection is " or "cat (PID 7) has 3 connections, ".
fn subject(target: Target, sockets: &[Entry<'_>], count: usize) -> String {
    let asked = match target {
        Target::Process(pid) => sockets.iter().find(|socket| is_held_by(**socket, pid)).and_then(|socket| {
            socket.owners().unwrap_or_default().iter().find(|owner| owner.pid == Some(pid)).map(holder)
        }),
        Target::Port(_) | Target::Address(..) => None,
    };
    match (asked, count) {
        (Some(who), 1) => format!("{who} has one connection, "),
        (Some(who), _) => format!("{who} has {count} connections, "),
        (None, 1) => "The connection is ".to_owned(),
        (None, _) => format!("{count} connections, "),
    }
}

/// "IPv4, over a socket that is `AF_INET6`".
fn kinds(sockets: &[Entry<'_>], connections: usize) -> String {
    const KINDS: [(Label, &str, &str); 3] = [
        (Label::Ipv4OverAfInet6, "IPv4, over a socket that is AF_INET6", "IPv4 over AF_INET6 sockets"),
        (Label::Ipv6, "IPv6", "IPv6"),
        (Label::Ipv4, "IPv4, over a socket that is AF_INET", "IPv4 over AF_INET sockets"),
    ];
    let count = |label: Label| sockets.iter().filter(|socket| socket.label == label).count();
    let present: Vec<_> = KINDS.iter().filter(|(label, ..)| count(*label) > 0).collect();
    match present.as_slice() {
        [(_, one, _)] if connections == 1 && sockets.len() == 1 => (*one).to_owned(),
        [(_, _, several)] => (*several).to_owned(),
        // The two ends of one.
        _ if connections == 1 => {
            "IPv4, over an AF_INET6 socket at one end and an AF_INET socket at the other".to_owned()
        }
        _ => {
            let kinds: Vec<_> =
                present.iter().map(|(label, _, several)| format!("{} {several}", count(*label))).collect();
            kinds.join(", ")
        }
    }
}

fn conclusion(sockets: &[Entry<'_>]) -> &'static str {
    let has = |label| sockets.iter().any(|socket| socket.label == label);
    if has(Label::Ipv4OverAfInet6) {
        "tcp6 is no problem here"
    } else if sockets.iter().any(|socket| socket.family == Family::Inet6) {
        "tcp6 is the right name"
    } else {
        "nothing here is tcp6"
    }
}
