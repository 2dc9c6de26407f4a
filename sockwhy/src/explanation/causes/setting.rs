//! What has become of a program's own setting that asks for `AF_INET` alone.

use super::super::group::{Group, Kind};
use crate::model::{Family, Sanitized};
use crate::runtime::{Identity, Setting};

/// The program, where its settings decide about these sockets: an accepted one is as its listener.
fn identity<'a>(group: &Group<'a>) -> Option<&'a Identity> {
    group.holder().filter(|_| group.kind != Kind::Accepted).map(|holder| &holder.identity)
}

/// "java.net.preferIPv4Stack is true, by the command line".
fn described(setting: &Setting) -> String {
    let (value, source) = (Sanitized::Text(&setting.value), Sanitized::Text(setting.source.as_bytes()));
    format!("{} is {value}, by {source}", setting.name)
}

pub(super) fn in_effect(group: &Group<'_>) -> Option<String> {
    let identity = identity(group)?;
    let setting = identity.asked_for_ipv4()?;
    let name = identity.runtime?.name;
    (group.first().family == Family::Inet)
        .then(|| format!("{}: {name} makes AF_INET sockets only.", described(setting)))
}

pub(super) fn without_effect(group: &Group<'_>) -> Option<String> {
    let identity = identity(group)?;
    let setting = identity.asked_for_ipv4()?;
    let name = identity.runtime?.name;
    (group.first().family == Family::Inet6).then(|| {
        format!(
            "{}, yet {} AF_INET6: it was set too late, or {name} did not make {}.",
            described(setting),
            group.word("the socket is", "the sockets are"),
            group.word("it", "them"),
        )
    })
}

pub(super) fn misplaced(group: &Group<'_>) -> Option<String> {
    let identity = identity(group)?;
    let name = identity.runtime?.name;
    let misplaced = identity.settings.iter().find(|setting| setting.misplaced && identity.is_for_ipv4(setting))?;
    identity.asked_for_ipv4().is_none().then(|| {
        format!(
            "{} stands among the arguments of the program that {name} runs, behind its name: {name} hands it to the \
             program and does not read it.",
            misplaced.name
        )
    })
}
