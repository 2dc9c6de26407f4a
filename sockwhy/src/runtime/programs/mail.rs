//! Mail servers.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::{Library, Program};

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Postfix",
        tier: Tier::Proven("Postfix 3.7.11; postconf(5), inet_protocols and inet_interfaces"),
        // Its programs are called master, smtpd and the like: others have those names too.
        signs: &[Library(&["libpostfix-global.so*"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("inet_protocols = ipv4", "in main.cf; then restart Postfix")
                .on_any()
                .with("AF_INET listeners, which netstat lists as tcp; Postfix neither takes nor sends mail by IPv6"),
            ipv4_only("inet_interfaces = {ipv4}", "in main.cf; then restart Postfix").on_one(),
            pair("inet_protocols = all", "in main.cf; then restart Postfix").on_any(),
            pair("inet_interfaces = {ipv4}, {ipv6}", "in main.cf, with inet_protocols = all; then restart Postfix")
                .on_one(),
            ipv6_only("inet_protocols = ipv6", "in main.cf; then restart Postfix")
                .on_any()
                .with("IPv6-only listeners; Postfix neither takes nor sends mail by IPv4"),
            ipv6_only("inet_interfaces = {ipv6}", "in main.cf; then restart Postfix").on_one(),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "inet_interfaces = 0.0.0.0",
            "in main.cf",
            "Postfix does not start: 0.0.0.0 is the address of no interface",
        )
        .on_any()],
    },
    Runtime {
        name: "Dovecot",
        tier: Tier::Proven("Dovecot 2.3.19; Dovecot documentation, listen"),
        signs: &[Program(&["dovecot"]), Library(&["libdovecot.so*"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("listen = {ipv4}", "in dovecot.conf; then restart Dovecot"),
            pair("listen = {ipv4}, {ipv6}", "in dovecot.conf; then restart Dovecot"),
            ipv6_only("listen = {ipv6}", "in dovecot.conf; then restart Dovecot"),
        ],
        ..ENTRY
    },
];
