//! What would change it for this program, and what people try that would not.

use super::group::{Group, Kind};
use crate::{
    flow::Family,
    runtime::{ANY, Aim, Remedy, Role, Runtime, SYSTEMD_SOCKET, Scope, Tier},
    socket::Label,
};

/// Something to do, or not to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What to do.
    pub what: String,
    /// Where and how.
    pub how: String,
    /// What comes of it.
    pub effect: String,
}

/// What helps, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Advices {
    pub(super) remedies: Vec<Advice>,
    pub(super) no_remedies: Vec<Advice>,
}

/// All of it for these sockets, each once.
pub(super) fn advices(groups: &[Group<'_>]) -> Advices {
    let mut all = Advices::default();
    for group in groups {
        let Some((role, aim)) = aim(group) else { continue };
        let (runtime, scope) = (runtime(group), scope(group));
        let advice = |remedy: &Remedy| Advice::new(remedy, group, runtime.tier);
        let for_aim =
            |remedies: &'static [Remedy]| remedies.iter().filter(move |remedy| remedy.is_for(role, aim, scope));
        add(&mut all.remedies, for_aim(runtime.remedies).map(advice));
        add(&mut all.no_remedies, for_aim(runtime.useless).map(advice));
    }
    all
}

fn add(list: &mut Vec<Advice>, more: impl Iterator<Item = Advice>) {
    for advice in more {
        if !list.contains(&advice) {
            list.push(advice);
        }
    }
}

/// What somebody who wonders about these sockets may want; `None` where there is nothing to wonder about, or where
/// another group decides.
fn aim(group: &Group<'_>) -> Option<(Role, Aim)> {
    let socket = group.first();
    if socket.family == Family::Inet {
        return None;
    }
    match (group.kind, socket.label) {
        (Kind::Listener, Label::Ipv6Only) if group.evidence.ipv4_listener_beside(socket).is_none() => {
            Some((Role::Listen, Aim::Both))
        }
        (Kind::Listener, _) => Some((Role::Listen, Aim::Ipv4Only)),
        (Kind::Connection, Label::Ipv4OverAfInet6) => Some((Role::Connect, Aim::Ipv4Only)),
        (Kind::Connection | Kind::Accepted, _) => None,
    }
}

fn scope(group: &Group<'_>) -> Scope {
    let address = group.first().local.ip();
    match (address.is_unspecified(), address.is_loopback()) {
        (true, _) => Scope::Any,
        (_, true) => Scope::Loopback,
        _ => Scope::One,
    }
}

fn runtime(group: &Group<'_>) -> &'static Runtime {
    if group.is_of_systemd() {
        return &SYSTEMD_SOCKET;
    }
    group.holder().and_then(|holder| holder.identity.runtime).unwrap_or(&ANY)
}

impl Advice {
    fn new(remedy: &Remedy, group: &Group<'_>, tier: Tier) -> Self {
        let port = match group.ports().as_slice() {
            [port] => port.to_string(),
            _ => "PORT".to_owned(),
        };
        let (ipv4, ipv6) = match scope(group) {
            Scope::Any => ("0.0.0.0", "::"),
            Scope::Loopback => ("127.0.0.1", "::1"),
            Scope::One => ("IPV4_ADDRESS", "IPV6_ADDRESS"),
        };
        let fill = |text: &str| text.replace("{port}", &port).replace("{ipv4}", ipv4).replace("{ipv6}", ipv6);
        let source = match tier {
            Tier::Proven => String::new(),
            Tier::ByTheBook(book) => format!(" (by the book, not tried: {book})"),
        };
        Self { what: fill(remedy.what), how: fill(remedy.how), effect: fill(remedy.effect) + &source }
    }
}
