//! Why listeners are as they are.

use std::net::IpAddr;

use super::super::evidence::HandedOn;
use super::super::group::{Beside, Group, Kind, ports};
use super::super::owner::{enumerate, holder, name};
use super::super::port::is_on_any;
use crate::model::network::LOOPBACK;
use crate::model::socket::Entry;
use crate::model::{Family, Label, Sanitized};

fn handed_on_by(group: &Group<'_>) -> Option<HandedOn> {
    if group.kind == Kind::Listener { group.evidence.handed_on(group.first()) } else { None }
}

/// "The listener on [::]:80 was created by nginx (PID 12)".
fn created(group: &Group<'_>, family: Family) -> Option<String> {
    let by = match (group.first().owners(), handed_on_by(group)) {
        (_, Some(HandedOn::BySystemd)) => " by systemd".to_owned(),
        (Some([_, ..]), None) => format!(" by {}", group.who()),
        _ => String::new(),
    };
    let is_it = group.kind == Kind::Listener && group.first().family == family;
    is_it.then(|| format!("{} {} created{by}", group.name(), group.word("was", "were")))
}

pub(super) fn created_af_inet6(group: &Group<'_>) -> Option<String> {
    let created = created(group, Family::Inet6)?;
    Some(format!("{created} with the family AF_INET6; netstat lists every such socket as tcp6, whatever it carries."))
}

pub(super) fn created_af_inet(group: &Group<'_>) -> Option<String> {
    let created = created(group, Family::Inet)?;
    Some(format!("{created} with the family AF_INET, which carries IPv4 only; netstat lists such sockets as tcp."))
}

pub(super) fn owner_hidden(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_none())
        .then(|| format!("This user may not see which process holds {}; root may.", group.word("it", "them")))
}

pub(super) fn kernels_own(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_some_and(<[_]>::is_empty)).then(|| {
        format!(
            "No process holds {}: it is the kernel's own, like those of NFS, or its process is in a namespace out of reach.",
            group.word("it", "them")
        )
    })
}

pub(super) fn handed_on_by_systemd(group: &Group<'_>) -> Option<String> {
    let them = group.word("it", "them");
    (handed_on_by(group)? == HandedOn::BySystemd)
        .then(|| format!("systemd made {them} and handed {them} on, so the .socket unit decides."))
}

/// `LISTEN_FDS` alone does not say who has set it.
pub(super) fn handed_on(group: &Group<'_>) -> Option<String> {
    let them = group.word("it", "them");
    (handed_on_by(group)? == HandedOn::ByAnother).then(|| {
        format!(
            "{} did not make {them}: LISTEN_FDS says that {} handed on by whoever started it, who decides.",
            group.who(),
            group.word("it was", "they were")
        )
    })
}

pub(super) fn shared(group: &Group<'_>) -> Option<String> {
    let owners = group.sockets.iter().flat_map(|socket| socket.owners().unwrap_or_default());
    let mut owners: Vec<_> = owners.filter(|owner| owner.pid.is_some()).collect();
    owners.sort_by_key(|owner| owner.pid);
    owners.dedup_by_key(|owner| owner.pid);
    let [first, _, ..] = owners.as_slice() else { return None };
    let pids: Vec<_> = owners.iter().filter_map(|owner| owner.pid).collect();
    (group.kind == Kind::Listener).then(|| {
        format!(
            "{} processes hold {} open, beginning with {} (PIDs {}).",
            owners.len(),
            group.word("it", "them"),
            name(first),
            enumerate(&pids, 5)
        )
    })
}

pub(super) fn dual_stack(group: &Group<'_>) -> Option<String> {
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

pub(super) fn bound_to_one_ipv6_address(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (socket.label == Label::Ipv6Only && !is_on_any(socket)).then(|| {
        let bound = match group.sockets.as_slice() {
            [one] => format!("It is bound to one IPv6 address, {}", one.local.ip()),
            _ => "Each is bound to one IPv6 address".to_owned(),
        };
        format!("{bound}, for which the kernel sets IPV6_V6ONLY by itself: only IPv6 clients can connect.")
    })
}

pub(super) fn bound_to_mapped_address(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().label == Label::Ipv4OverAfInet6).then(|| {
        format!(
            "{} {} bound to the IPv4-mapped address ::ffff:{}: only IPv4 clients can connect, and netstat still says tcp6.",
            group.it(),
            group.word("is", "are"),
            group.first().local.ip(),
        )
    })
}

/// "`AF_INET` on 0.0.0.0:80 of nginx (PID 12)".
fn described(listener: Entry<'_>) -> String {
    let who = match listener.owners() {
        Some([owner, ..]) => format!(" of {}", holder(owner)),
        _ => String::new(),
    };
    format!("{} on {}{who}", listener.family.as_str(), listener.local)
}

pub(super) fn ipv4_listener_beside(group: &Group<'_>) -> Option<String> {
    let Some(Beside::Same(beside)) = group.beside else { return None };
    Some(match group.ports().as_slice() {
        [_] => format!("IPv4 is taken on the same port by another socket, {}.", described(beside)),
        _ => format!("IPv4 is taken on the same ports by other sockets: {}, and others.", described(beside)),
    })
}

pub(super) fn ipv4_listener_of_another_program(group: &Group<'_>) -> Option<String> {
    let Some(Beside::Other(beside)) = group.beside else { return None };
    Some(format!("IPv4 on {} goes to a socket of another program, {}.", ports(&group.ports()), described(beside)))
}

pub(super) fn no_ipv4_listener(group: &Group<'_>) -> Option<String> {
    (group.beside? == Beside::Nobody).then(|| {
        format!(
            "No other socket takes IPv4 on {}: the kernel refuses IPv4 clients with a reset.",
            ports(&group.ports())
        )
    })
}

pub(super) fn loopback_only(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let addresses: Vec<IpAddr> = group.sockets.iter().map(|socket| socket.local.ip()).collect();
    let is_loopback = addresses.iter().all(IpAddr::is_loopback);
    (group.kind == Kind::Listener && is_loopback).then(|| {
        let address = socket.local.ip();
        format!("{address} is an address of the loopback device: other hosts cannot connect, by IPv4 or by IPv6.")
    })
}

/// `SO_BINDTODEVICE`; a link-local address needs it, and its scope says so.
pub(super) fn bound_to_device(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let device = socket.device.filter(|_| group.kind == Kind::Listener)?.get();
    if device == LOOPBACK {
        return Some(format!(
            "{} {} bound to the loopback device: other hosts cannot connect.",
            group.it(),
            group.word("is", "are")
        ));
    }
    let name = group.evidence.network(socket.netns).and_then(|network| network.devices.get(&device));
    let name = name.map_or_else(|| device.to_string(), |name| Sanitized::Text(name.as_bytes()).to_string());
    let what = group.word("It is", "They are");
    Some(format!("{what} bound to the device {name}: what comes by another, from this host as well, is refused."))
}

/// Go's `net.ListenConfig` uses MPTCP by default since 1.24 (`GODEBUG=multipathtcp`).
pub(super) fn mptcp(group: &Group<'_>) -> Option<String> {
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
