//! The chain of causes: rules that each look at sockets and what is known of them, and say one sentence if it is true.

mod jvm;
mod v6only;

use std::net::IpAddr;

use super::group::{Group, Kind, owner_name};
use crate::model::{Family, Label, Sanitized};

/// Something that is so, and why it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The rule that found it.
    pub rule: &'static str,
    /// A sentence.
    pub text: String,
}

/// A check and its sentence, in one: `None` where it does not hold.
type Rule = (&'static str, fn(&Group<'_>) -> Option<String>);

/// In the order in which the sentences follow from one another.
const RULES: &[Rule] = &[
    ("created-af-inet6", created_af_inet6),
    ("created-af-inet", created_af_inet),
    ("owner-hidden", owner_hidden),
    ("kernels-own", kernels_own),
    ("handed-on-by-systemd", handed_on_by_systemd),
    ("shared", shared),
    ("dual-stack", dual_stack),
    ("bound-to-one-ipv6-address", bound_to_one_ipv6_address),
    ("bound-to-mapped-address", bound_to_mapped_address),
    ("v6only-by-runtime", v6only::by_runtime),
    ("v6only-default-or-cleared", v6only::default_or_cleared),
    ("v6only-cleared", v6only::cleared),
    ("v6only-set", v6only::set),
    ("v6only-inherited-or-set", v6only::inherited_or_set),
    ("v6only-untold", v6only::untold),
    ("ipv4-listener-beside", ipv4_listener_beside),
    ("no-ipv4-listener", no_ipv4_listener),
    ("loopback-only", loopback_only),
    ("accepted", accepted),
    ("connection", connection),
    ("ipv4-on-the-wire", ipv4_on_the_wire),
    ("addrform", addrform),
    ("other-end", other_end),
    ("mptcp", mptcp),
    ("jvm-setting-in-effect", jvm::in_effect),
    ("jvm-setting-not-in-effect", jvm::not_in_effect),
    ("jvm-setting-misplaced", jvm::misplaced),
];

/// Everything that is so of these sockets.
pub(super) fn causes(groups: &[Group<'_>]) -> Vec<Cause> {
    let of = |group| RULES.iter().filter_map(move |(rule, text)| Some(Cause { rule, text: text(group)? }));
    groups.iter().flat_map(of).collect()
}

fn created_af_inet6(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().family == Family::Inet6).then(|| {
        let by = by(group);
        format!(
            "{} {} created{by} with the family AF_INET6; netstat lists every such socket as tcp6, whatever it carries.",
            group.name(),
            group.word("was", "were"),
        )
    })
}

fn created_af_inet(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().family == Family::Inet).then(|| {
        let by = by(group);
        format!(
            "{} {} created{by} with the family AF_INET, which carries IPv4 only; netstat lists such sockets as tcp.",
            group.name(),
            group.word("was", "were"),
        )
    })
}

fn by(group: &Group<'_>) -> String {
    match group.first().owners() {
        Some([_, ..]) if group.is_of_systemd() => " by systemd".to_owned(),
        Some([_, ..]) => format!(" by {}", group.who()),
        _ => String::new(),
    }
}

fn owner_hidden(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_none())
        .then(|| "Which process holds it this user may not see; root may.".to_owned())
}

fn kernels_own(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_some_and(<[_]>::is_empty)).then(|| {
        "No process holds it: it is the kernel's own, as those of NFS are, or a process's in a namespace out of reach."
            .to_owned()
    })
}

fn handed_on_by_systemd(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.is_of_systemd()).then(|| {
        format!("systemd made {} and handed {} on, so the .socket unit decides.", group.word("it", "them"), {
            group.word("it", "them")
        })
    })
}

fn shared(group: &Group<'_>) -> Option<String> {
    let holders = group.holders()?;
    let [first, _, ..] = holders.as_slice() else { return None };
    let pids: Vec<_> = holders.iter().take(5).map(|holder| holder.process.pid.to_string()).collect();
    let more = if holders.len() > pids.len() { ", …" } else { "" };
    (group.kind == Kind::Listener).then(|| {
        let name = Sanitized::Text(&first.process.name);
        format!(
            "{} processes hold {} open, beginning with {name} (PIDs {}{more}).",
            holders.len(),
            group.word("it", "them"),
            pids.join(", ")
        )
    })
}

fn dual_stack(group: &Group<'_>) -> Option<String> {
    (group.first().label == Label::DualStack).then(|| {
        format!(
            "{} {} bound to :: without IPV6_V6ONLY and {} IPv4 as well: to the program, a client 10.0.0.20 is \
             ::ffff:10.0.0.20.",
            group.it(),
            group.word("is", "are"),
            group.word("takes", "take"),
        )
    })
}

fn bound_to_one_ipv6_address(group: &Group<'_>) -> Option<String> {
    let IpAddr::V6(address) = group.first().local.ip() else { return None };
    (group.first().label == Label::Ipv6Only && !address.is_unspecified()).then(|| {
        format!(
            "{} {} bound to one IPv6 address, {address}, for which the kernel sets IPV6_V6ONLY by itself: only IPv6 \
             can come.",
            group.it(),
            group.word("is", "are"),
        )
    })
}

fn bound_to_mapped_address(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().label == Label::Ipv4OverAfInet6).then(|| {
        format!(
            "{} {} bound to the IPv4-mapped address ::ffff:{}: only IPv4 can come, and netstat says tcp6 all the same.",
            group.it(),
            group.word("is", "are"),
            group.first().local.ip(),
        )
    })
}

fn ipv4_listener_beside(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let beside = group.evidence.ipv4_listener_beside(socket).filter(|_| socket.label == Label::Ipv6Only)?;
    let who = match beside.owners() {
        Some([owner, ..]) => format!(" of {}", owner_name(owner)),
        _ => String::new(),
    };
    Some(match group.sockets.as_slice() {
        [_] => format!(
            "IPv4 is taken on the same port by another socket, {} on {}{who}.",
            beside.family.as_str(),
            beside.local
        ),
        _ => format!("IPv4 is taken on the same ports by other sockets, on {}{who} and others.", beside.local),
    })
}

fn no_ipv4_listener(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (group.kind == Kind::Listener
        && socket.label == Label::Ipv6Only
        && group.evidence.ipv4_listener_beside(socket).is_none())
    .then(|| {
        format!(
            "No other socket takes IPv4 on {}: the kernel refuses IPv4 clients with a reset.",
            super::group::ports(&group.ports())
        )
    })
}

fn loopback_only(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().local.ip().is_loopback()).then(|| {
        let address = group.first().local.ip();
        format!("{address} is an address of the loopback device: other machines cannot connect, IPv4 or IPv6.")
    })
}

fn accepted(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let listener = socket.listener().filter(|_| group.kind == Kind::Accepted)?;
    Some(format!(
        "{} came from the listener on {}, and a socket that is accepted has its listener's family, {}.",
        group.name(),
        listener.local,
        socket.family.as_str(),
    ))
}

fn connection(group: &Group<'_>) -> Option<String> {
    if group.kind != Kind::Connection {
        return None;
    }
    let socket = group.first();
    if group.is_one() {
        return Some(format!("{}{}: {}.", group.name(), held_by(group), socket.why()));
    }
    let how = match socket.label {
        Label::Ipv4OverAfInet6 => "AF_INET6 sockets whose peers are IPv4-mapped addresses, ::ffff:a.b.c.d",
        Label::Ipv4 => "AF_INET sockets, which carry IPv4 only",
        _ => "AF_INET6 sockets whose peers are IPv6 addresses",
    };
    Some(format!("{}{}: {how}.", group.name(), held_by(group)))
}

fn held_by(group: &Group<'_>) -> String {
    match group.first().owners() {
        Some([_, ..]) if group.is_one() => format!(" of {}", group.who()),
        _ => String::new(),
    }
}

fn ipv4_on_the_wire(group: &Group<'_>) -> Option<String> {
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
fn addrform(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    if group.kind != Kind::Connection || socket.family != Family::Inet || socket.bound {
        return None;
    }
    let listeners: Vec<_> = group.evidence.listeners_on(socket.netns, socket.local.port()).collect();
    let is_inet6 = listeners.iter().all(|listener| listener.family == Family::Inet6);
    let takes_ipv4 = listeners.iter().any(|listener| listener.label.accepts().contains(&"IPv4"));
    (is_inet6 && takes_ipv4).then(|| {
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

fn other_end(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let other = socket.other_end().filter(|other| group.kind == Kind::Accepted && other.family != socket.family)?;
    let who = match other.owners() {
        Some([owner, ..]) if group.is_one() => format!(" in {}", owner_name(owner)),
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

/// Go's `net.ListenConfig` uses MPTCP by default since 1.24 (`GODEBUG=multipathtcp`).
fn mptcp(group: &Group<'_>) -> Option<String> {
    if !group.first().mptcp || group.kind != Kind::Listener {
        return None;
    }
    let is_go =
        group.holder().is_some_and(|holder| holder.identity.runtime.is_some_and(|runtime| runtime.name == "Go"));
    let by_default = if is_go { ", which Go does by default since 1.24 (not with GODEBUG=multipathtcp=0)" } else { "" };
    Some(format!(
        "{} MPTCP{by_default}; netstat and ss list the TCP subflow, and its family is the program's socket's.",
        group.word("The program's socket is", "The program's sockets are")
    ))
}
