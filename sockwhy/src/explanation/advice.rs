//! What would change it for this program, and what people try that would not.

use super::group::{Group, Kind};
use crate::model::{Family, Label};
use crate::runtime::{ANY, Aim, Remedy, Runtime, SYSTEMD_SOCKET, Tier};

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
        let Some(aim) = aim(group) else { continue };
        let runtime = runtime(group);
        let advice = |remedy: &Remedy| Advice::new(remedy, group, runtime.tier);
        let for_aim = |remedies: &'static [Remedy]| remedies.iter().filter(move |remedy| remedy.aims.contains(&aim));
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
fn aim(group: &Group<'_>) -> Option<Aim> {
    let socket = group.first();
    if socket.family == Family::Inet {
        return None;
    }
    match (group.kind, socket.label) {
        (Kind::Listener, Label::Ipv6Only) if group.evidence.ipv4_listener_beside(socket).is_none() => {
            Some(Aim::ListenBoth)
        }
        (Kind::Listener, _) => Some(Aim::ListenIpv4),
        (Kind::Connection, Label::Ipv4OverAfInet6) => Some(Aim::ConnectIpv4),
        (Kind::Connection | Kind::Accepted, _) => None,
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
        let fill = |text: &str| text.replace("{port}", &port);
        let source = match tier {
            Tier::Proven => String::new(),
            Tier::ByTheBook(book) => format!(" (by the book, not tried: {book})"),
        };
        Self { what: fill(remedy.what), how: fill(remedy.how), effect: fill(remedy.effect) + &source }
    }
}
