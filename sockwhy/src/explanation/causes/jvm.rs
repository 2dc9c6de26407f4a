//! What has become of the JVM's own setting.

use super::super::group::{Group, Kind};
use crate::model::{Family, Sanitized};

const PREFER_IPV4: &str = "java.net.preferIPv4Stack";

/// The JVM's setting that counts, and whether it asks for `AF_INET`.
fn setting<'a>(group: &Group<'a>) -> Option<(&'a str, bool)> {
    let identity = &group.holder()?.identity;
    let found = identity.setting(PREFER_IPV4)?;
    (group.kind != Kind::Accepted).then_some((&found.source, found.value.eq_ignore_ascii_case(b"true")))
}

pub(super) fn in_effect(group: &Group<'_>) -> Option<String> {
    let (source, true) = setting(group)? else { return None };
    (group.first().family == Family::Inet).then(|| {
        format!("{PREFER_IPV4} is true, by {}: the JVM makes AF_INET sockets only.", Sanitized::Text(source.as_bytes()))
    })
}

pub(super) fn not_in_effect(group: &Group<'_>) -> Option<String> {
    let (source, true) = setting(group)? else { return None };
    (group.first().family == Family::Inet6).then(|| {
        format!(
            "{PREFER_IPV4} is true, by {}, yet {} AF_INET6: it was set too late, or the JVM did not make {}.",
            Sanitized::Text(source.as_bytes()),
            group.word("the socket is", "the sockets are"),
            group.word("it", "them"),
        )
    })
}

pub(super) fn misplaced(group: &Group<'_>) -> Option<String> {
    let identity = &group.holder().filter(|_| group.kind != Kind::Accepted)?.identity;
    let misplaced = identity.settings.iter().any(|setting| setting.name == PREFER_IPV4 && setting.misplaced);
    (misplaced && identity.setting(PREFER_IPV4).is_none()).then(|| {
        format!(
            "-D{PREFER_IPV4} stands behind -jar or the class on the command line: the JVM hands it to the program and \
             does not read it."
        )
    })
}
