//! The programs and languages that sockwhy knows, a few to a file, and what changes the family of their sockets.
//!
//! To add one, add an entry to the file of its kind: [`Tier::ByTheBook`] until a test runs the real program.

mod databases;
mod dns;
mod files;
mod go;
mod java;
mod languages;
mod mail;
mod messaging;
mod proxies;
mod python;
mod system;
mod tools;
mod web;

use super::kinds::{ENTRY, Runtime, Tier};
use super::remedy::Aim::{Both, Ipv4Only, Ipv6Only};
use super::remedy::{connect, ipv4_only, ipv6_only, listen, pair};
use super::settings::variables;

/// Programs before the languages that they are written in: the first entry with a sign that is seen counts.
static TABLES: &[&[Runtime]] = &[
    web::PROGRAMS,
    proxies::PROGRAMS,
    databases::PROGRAMS,
    messaging::PROGRAMS,
    mail::PROGRAMS,
    dns::PROGRAMS,
    files::PROGRAMS,
    system::PROGRAMS,
    tools::PROGRAMS,
    java::PROGRAMS,
    python::PROGRAMS,
    go::PROGRAMS,
    languages::PROGRAMS,
];

/// Every program and language that sockwhy knows.
pub fn runtimes() -> impl Iterator<Item = &'static Runtime> {
    TABLES.iter().copied().flatten()
}

/// For listeners that systemd made and handed on, whatever program holds them.
pub static SYSTEMD_SOCKET: Runtime = Runtime {
    name: "systemd socket activation",
    tier: Tier::ByTheBook("systemd.socket(5), ListenStream= and BindIPv6Only="),
    settings: |process| variables(process, &["LISTEN_FDS", "LISTEN_FDNAMES"]),
    remedies: &[
        ipv4_only(
            "ListenStream={ipv4}:{port}",
            "in the .socket unit, by `systemctl edit`, after an empty `ListenStream=`; then restart the socket",
        ),
        pair(
            "BindIPv6Only=both",
            "in the .socket unit with `ListenStream={port}`, by `systemctl edit`; then restart the socket",
        )
        .on_any()
        .with("a dual-stack listener: one AF_INET6 socket for both"),
        ipv6_only(
            "ListenStream=[{ipv6}]:{port} and BindIPv6Only=ipv6-only",
            "in the .socket unit, by `systemctl edit`, after an empty `ListenStream=`; then restart the socket",
        ),
    ],
    useless: &[listen(
        &[Ipv4Only, Both, Ipv6Only],
        "the listen address in the service's own settings",
        "its configuration or command line",
        "is not used: the service takes the socket that systemd made",
    )],
    ..ENTRY
};

/// What is true of any program.
pub static ANY: Runtime = Runtime {
    name: "unknown program",
    tier: Tier::ByTheBook("ipv6(7), ip-sysctl"),
    remedies: &[
        ipv4_only(
            "{ipv4} as listen address",
            "as the program's manual says; some programs take 0.0.0.0 for every address and need another way",
        ),
        pair("a listener on :: without IPV6_V6ONLY, or one on each of 0.0.0.0 and ::", "as the program's manual says")
            .on_any()
            .with("IPv4 and IPv6 clients are served"),
        pair("a listener on each of {ipv4} and {ipv6}", "as the program's manual says")
            .on_one()
            .with("IPv4 and IPv6 clients are served"),
        ipv6_only("a listener on {ipv6} with IPV6_V6ONLY", "as the program's manual says"),
        connect(
            "an AF_INET socket",
            "in the program's source or settings: connect to 10.0.0.20, not to ::ffff:10.0.0.20",
        ),
    ],
    ..ENTRY
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kinds::{Becomes, V6only};
    use crate::runtime::{Role, Scope};

    fn all() -> impl Iterator<Item = &'static Runtime> {
        runtimes().chain([&SYSTEMD_SOCKET, &ANY])
    }

    #[test]
    fn texts_can_be_put_together() {
        for runtime in all() {
            for remedy in runtime.remedies.iter().chain(runtime.useless) {
                assert!(!remedy.aims.is_empty(), "{}: {} is for nothing", runtime.name, remedy.what);
                for text in [remedy.what, remedy.how, remedy.effect] {
                    assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('\n'), "{text:?}");
                }
            }
            let (Tier::Proven(source) | Tier::ByTheBook(source)) = runtime.tier;
            assert!(!source.is_empty(), "{} has no source", runtime.name);
        }
    }

    /// A program that leaves the option alone follows the sysctl; one that sets it does not.
    #[test]
    fn v6only_and_bindv6only_agree() {
        for runtime in runtimes() {
            let agrees = match runtime.v6only {
                V6only::Sets => runtime.bindv6only == Becomes::Same,
                V6only::Inherits => matches!(runtime.bindv6only, Becomes::Ipv6Only | Becomes::Pair),
                V6only::Varies => true,
            };
            assert!(agrees, "{}", runtime.name);
        }
    }

    #[test]
    fn every_name_is_used_once() {
        let mut names: Vec<_> = all().map(|runtime| runtime.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// What the program itself cannot do, general advice stands in for.
    #[test]
    fn general_advice_is_there_for_every_aim_and_scope() {
        for aim in [Ipv4Only, Both, Ipv6Only] {
            for scope in [Scope::Any, Scope::Loopback, Scope::One] {
                assert!(ANY.remedies.iter().any(|remedy| remedy.is_for(Role::Listen, aim, scope)), "{aim:?} {scope:?}");
            }
        }
    }
}
