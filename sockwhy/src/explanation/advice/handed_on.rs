//! Advice for listeners that a process was started with.

use crate::runtime::{Aim, Becomes, Remedy, Role, Runtime, Tier, V6only};

/// Whoever started the process has made them.
pub(super) static HANDED_ON: Runtime = Runtime {
    name: "socket activation",
    tier: Tier::ByTheBook("sd_listen_fds(3)"),
    signs: &[],
    v6only: V6only::Varies,
    disable_ipv6: Becomes::Unknown,
    bindv6only: Becomes::Unknown,
    settings: |_| Vec::new(),
    remedies: &[
        Remedy {
            role: Role::Listen,
            aims: &[Aim::Ipv4Only],
            scopes: &[],
            setting: None,
            what: "the address {ipv4}:{port} where the socket is made",
            how: "in a .socket unit of a user's systemd, `ListenStream={ipv4}:{port}`; for systemd-socket-activate, `--listen={ipv4}:{port}`",
            effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
        },
        Remedy {
            role: Role::Listen,
            aims: &[Aim::Both],
            scopes: &[],
            setting: None,
            what: "both addresses, {ipv4} and {ipv6}, where the socket is made",
            how: "the program must take several sockets",
            effect: "a listener for each, IPv4 and IPv6",
        },
    ],
    useless: &[Remedy {
        role: Role::Listen,
        aims: &[Aim::Ipv4Only, Aim::Both, Aim::Ipv6Only],
        scopes: &[],
        setting: None,
        what: "the listen address in the program's own settings",
        how: "its configuration or command line",
        effect: "is not used: the program takes the socket that it was started with",
    }],
};
