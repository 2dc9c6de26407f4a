//! Advice for listeners that a process was started with.

use crate::runtime::{Aim, Becomes, Runtime, Tier, V6only, ipv4_only, listen, pair};

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
        ipv4_only(
            "the address {ipv4}:{port} where the socket is made",
            "in a .socket unit of a user's systemd, `ListenStream={ipv4}:{port}`; for systemd-socket-activate, \
             `--listen={ipv4}:{port}`",
        ),
        pair("both addresses, {ipv4} and {ipv6}, where the socket is made", "the program must take several sockets"),
    ],
    useless: &[listen(
        &[Aim::Ipv4Only, Aim::Both, Aim::Ipv6Only],
        "the listen address in the program's own settings",
        "its configuration or command line",
        "is not used: the program takes the socket that it was started with",
    )],
};
