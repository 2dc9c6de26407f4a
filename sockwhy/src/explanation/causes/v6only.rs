//! Where the `IPV6_V6ONLY` of a listener on `::` comes from. One of these rules holds for each.

use super::super::group::Group;
use super::super::port::is_on_any;
use crate::model::Family;
use crate::model::socket::State;
use crate::runtime::V6only;

/// All that is known of the option on a listener on `::`.
struct Facts<'a> {
    on: bool,
    /// `net.ipv6.bindv6only` as it is now. `socket()` reads it (`inet6_create()`), and it may have been another then.
    bindv6only: Option<bool>,
    /// What the program does about it.
    program: V6only,
    name: &'a str,
}

impl<'a> Facts<'a> {
    fn of(group: &Group<'a>) -> Option<Self> {
        let socket = group.first();
        let is_on_any6 = is_on_any(socket) && socket.local.is_ipv6() && socket.family == Family::Inet6;
        if socket.state != State::Listen || !is_on_any6 {
            return None;
        }
        let is_own = group.evidence.handed_on(socket).is_none();
        let runtime = group.holder().filter(|_| is_own).and_then(|holder| holder.identity.runtime);
        Some(Self {
            on: socket.v6only?,
            bindv6only: group.evidence.bindv6only(socket.netns),
            program: runtime.map_or(V6only::Varies, |runtime| runtime.v6only),
            name: runtime.map_or("the program", |runtime| runtime.name),
        })
    }
}

pub(super) fn by_runtime(group: &Group<'_>) -> Option<String> {
    let Facts { on, program: V6only::Sets, name, .. } = Facts::of(group)? else { return None };
    let (state, does) = if on { ("on", "sets") } else { ("off", "clears") };
    Some(format!("IPV6_V6ONLY is {state} because {name} {does} it, whatever net.ipv6.bindv6only says."))
}

pub(super) fn inherited(group: &Group<'_>) -> Option<String> {
    let Facts { on, bindv6only, program: V6only::Inherits, name } = Facts::of(group)? else { return None };
    let (state, value) = if on { ("on, so that only IPv6 clients can connect", 1) } else { ("off", 0) };
    let when = if bindv6only == Some(on) { "is" } else { "was" };
    let since = if bindv6only == Some(on) { "here" } else { "when the socket was made" };
    Some(format!(
        "IPV6_V6ONLY is {state}: {name} leaves the option alone, and net.ipv6.bindv6only {when} {value} {since}."
    ))
}

pub(super) fn default_or_cleared(group: &Group<'_>) -> Option<String> {
    let Facts { on: false, bindv6only: Some(false), program: V6only::Varies, .. } = Facts::of(group)? else {
        return None;
    };
    Some(
        "IPV6_V6ONLY is off, which is the default where net.ipv6.bindv6only is 0, as it is here; whether the program has \
         cleared it as well is unknown."
            .to_owned(),
    )
}

pub(super) fn cleared(group: &Group<'_>) -> Option<String> {
    let Facts { on: false, bindv6only: Some(true), program: V6only::Varies, .. } = Facts::of(group)? else {
        return None;
    };
    Some(
        "IPV6_V6ONLY is off although net.ipv6.bindv6only is 1 here: the program has cleared it, or it was 0 when the socket \
         was made."
            .to_owned(),
    )
}

pub(super) fn set(group: &Group<'_>) -> Option<String> {
    let Facts { on: true, bindv6only: Some(false), program: V6only::Varies, .. } = Facts::of(group)? else {
        return None;
    };
    Some(
        "IPV6_V6ONLY is on although net.ipv6.bindv6only is 0 here: the program has set it, or it was 1 when the socket was \
         made; only IPv6 clients can connect."
            .to_owned(),
    )
}

pub(super) fn inherited_or_set(group: &Group<'_>) -> Option<String> {
    let Facts { on: true, bindv6only: Some(true), program: V6only::Varies, .. } = Facts::of(group)? else {
        return None;
    };
    Some(
        "IPV6_V6ONLY is on: inherited from net.ipv6.bindv6only, which is 1 in the socket's network namespace, or set by \
         the program, which is unknown; only IPv6 clients can connect."
            .to_owned(),
    )
}

pub(super) fn unknown(group: &Group<'_>) -> Option<String> {
    let Facts { on, bindv6only: None, program: V6only::Varies, .. } = Facts::of(group)? else { return None };
    let state = if on { "on, so only IPv6 clients can connect" } else { "off" };
    Some(format!(
        "IPV6_V6ONLY is {state}; whether by net.ipv6.bindv6only or by the program is unknown, as that setting of the \
         socket's network namespace cannot be read."
    ))
}
