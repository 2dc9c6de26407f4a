//! Whose doing `IPV6_V6ONLY` is on a listener on `::`. One of these rules holds for each.

use super::super::group::Group;
use crate::model::Family;
use crate::model::socket::State;

/// A listener on `::`, whose option decides; with what `net.ipv6.bindv6only` says now, and whether the runtime cares.
struct Option6<'a> {
    on: bool,
    default: Option<bool>,
    runtime: Option<&'a str>,
}

impl<'a> Option6<'a> {
    fn of(group: &Group<'a>) -> Option<Self> {
        let socket = group.first();
        let is_on_any = socket.local.ip().is_unspecified() && socket.family == Family::Inet6;
        let runtime = group.holder().filter(|_| !group.is_of_systemd()).and_then(|holder| holder.identity.runtime);
        (socket.state == State::Listen && is_on_any).then_some(())?;
        Some(Self {
            on: socket.v6only?,
            default: group.evidence.bindv6only(socket.netns),
            runtime: runtime.filter(|runtime| runtime.sets_v6only == Some(true)).map(|runtime| runtime.name),
        })
    }
}

/// `net.ipv6.bindv6only` is read by `socket()` (`inet6_create()`); what it was then need not be what it is now.
pub(super) fn by_runtime(group: &Group<'_>) -> Option<String> {
    let Option6 { on, runtime: Some(runtime), .. } = Option6::of(group)? else { return None };
    let state = if on { "on" } else { "off" };
    Some(format!(
        "IPV6_V6ONLY is {state} by {runtime}'s own doing: it sets the option whatever net.ipv6.bindv6only says."
    ))
}

pub(super) fn default_or_cleared(group: &Group<'_>) -> Option<String> {
    let Option6 { on: false, default: Some(false), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is off, which is the default where net.ipv6.bindv6only is 0, as it is here; whether the program has \
         cleared it as well cannot be told."
            .to_owned(),
    )
}

pub(super) fn cleared(group: &Group<'_>) -> Option<String> {
    let Option6 { on: false, default: Some(true), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is off although net.ipv6.bindv6only is 1 here: the program has cleared it, or it was 0 when the socket \
         was made."
            .to_owned(),
    )
}

pub(super) fn set(group: &Group<'_>) -> Option<String> {
    let Option6 { on: true, default: Some(false), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is on although net.ipv6.bindv6only is 0 here: the program has set it, or it was 1 when the socket was \
         made; only IPv6 can come."
            .to_owned(),
    )
}

pub(super) fn inherited_or_set(group: &Group<'_>) -> Option<String> {
    let Option6 { on: true, default: Some(true), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is on, inherited from net.ipv6.bindv6only, which is 1 in the socket's network namespace, or set by \
         the program, which cannot be told; only IPv6 can come."
            .to_owned(),
    )
}

pub(super) fn untold(group: &Group<'_>) -> Option<String> {
    let Option6 { on, default: None, runtime: None } = Option6::of(group)? else { return None };
    let state = if on { "on, so only IPv6 can come" } else { "off" };
    Some(format!(
        "IPV6_V6ONLY is {state}; whether by net.ipv6.bindv6only or by the program cannot be told, as that setting of the \
         socket's network namespace cannot be read."
    ))
}
