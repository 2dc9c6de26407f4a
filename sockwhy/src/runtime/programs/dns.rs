//! Name servers.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "BIND",
        tier: Tier::Proven("BIND 9.18.49; BIND 9 Administrator Reference Manual, listen-on and listen-on-v6"),
        signs: &[Program(&["named"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Ipv4,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("listen-on-v6 { none; };", "in the options of named.conf; then restart named"),
            pair(
                "listen-on { {ipv4}; }; and listen-on-v6 { {ipv6}; };",
                "in the options of named.conf, beside the addresses that are listed there; then restart named",
            ),
            ipv6_only("listen-on { none; };", "in the options of named.conf; then restart named"),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "listen-on { 0.0.0.0; };",
            "in the options of named.conf",
            "takes IPv4 away: 0.0.0.0 is the address of no interface, and the sockets of IPv6 stay",
        )],
    },
    Runtime {
        name: "Unbound",
        tier: Tier::Proven("Unbound 1.17.1; unbound.conf(5), interface"),
        signs: &[Program(&["unbound"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("interface: {ipv4}", "in unbound.conf under server:; then restart Unbound"),
            pair(
                "interface: {ipv4} and interface: {ipv6}",
                "in unbound.conf under server:, a line for each; then restart Unbound",
            ),
            ipv6_only("interface: {ipv6}", "in unbound.conf under server:; then restart Unbound"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "dnsmasq",
        tier: Tier::Proven("dnsmasq 2.90; dnsmasq(8), --bind-interfaces and --listen-address"),
        signs: &[Program(&["dnsmasq"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["--conf-file", "-C", "--listen-address", "-a"]),
        remedies: &[
            ipv4_only(
                "bind-interfaces and listen-address={ipv4}",
                "in dnsmasq.conf, with every other address that it is to serve; then restart dnsmasq",
            ),
            pair(
                "bind-interfaces and listen-address={ipv4},{ipv6}",
                "in dnsmasq.conf, with every other address that it is to serve; then restart dnsmasq",
            ),
            ipv6_only(
                "bind-interfaces and listen-address={ipv6}",
                "in dnsmasq.conf, with every other address that it is to serve; then restart dnsmasq",
            ),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "listen-address={ipv4} without bind-interfaces",
            "in dnsmasq.conf",
            "it still listens on 0.0.0.0 and [::], and leaves unanswered what comes to other addresses",
        )
        .on_any()],
    },
    Runtime {
        name: "NSD",
        tier: Tier::Proven("NSD 4.6.1; nsd.conf(5), ip-address"),
        signs: &[Program(&["nsd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("ip-address: {ipv4}", "in nsd.conf under server:; then restart NSD"),
            pair(
                "ip-address: {ipv4} and ip-address: {ipv6}",
                "in nsd.conf under server:, a line for each; then restart NSD",
            ),
            ipv6_only("ip-address: {ipv6}", "in nsd.conf under server:; then restart NSD"),
        ],
        ..ENTRY
    },
];
