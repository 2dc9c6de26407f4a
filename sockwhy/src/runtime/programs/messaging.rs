//! Messages between programs and between people.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::{Argument, Program};

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Mosquitto",
        tier: Tier::Proven("Mosquitto 2.0.11; mosquitto.conf(5), listener and socket_domain"),
        signs: &[Program(&["mosquitto"])],
        // Its listeners for websockets are made by a library that leaves the option alone.
        disable_ipv6: Becomes::Same,
        settings: |process| options(process, &["-c", "--config-file"]),
        remedies: &[
            ipv4_only("listener {port} {ipv4}", "in mosquitto.conf; then restart Mosquitto"),
            pair("listener {port}", "in mosquitto.conf, without an address; then restart Mosquitto").on_any(),
            pair(
                "listener {port} {ipv4} and listener {port} {ipv6}",
                "in mosquitto.conf, a line for each; then restart Mosquitto",
            )
            .on_one(),
            ipv6_only("listener {port} {ipv6}", "in mosquitto.conf; then restart Mosquitto"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "RabbitMQ",
        tier: Tier::ByTheBook("RabbitMQ, Networking; tried by hand with 3.10"),
        signs: &[Argument(&["beam.smp"], &["rabbit"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Pair,
        remedies: &[
            ipv4_only("listeners.tcp.1 = {ipv4}:{port}", "in rabbitmq.conf; then restart RabbitMQ"),
            dual_stack("listeners.tcp.1 = :::{port}", "in rabbitmq.conf; then restart RabbitMQ"),
            pair(
                "listeners.tcp.1 = {ipv4}:{port} and listeners.tcp.2 = {ipv6}:{port}",
                "in rabbitmq.conf, a line for each; then restart RabbitMQ",
            )
            .on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "epmd",
        tier: Tier::Proven("epmd of Erlang/OTP 25; epmd, -address"),
        signs: &[Program(&["epmd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-address"]),
        useless: &[listen(
            &[Ipv4Only],
            "-address 0.0.0.0",
            "on its command line",
            "epmd does not start: it listens on 127.0.0.1 in any case, and finds that in use",
        )
        .on_any()],
        ..ENTRY
    },
    Runtime {
        name: "ngIRCd",
        tier: Tier::Proven("ngIRCd 26.1; ngircd.conf(5), Listen"),
        signs: &[Program(&["ngircd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-f", "--config"]),
        remedies: &[
            ipv4_only("Listen = {ipv4}", "in ngircd.conf under [Global]; then restart ngIRCd"),
            pair("Listen = {ipv4},{ipv6}", "in ngircd.conf under [Global]; then restart ngIRCd"),
            ipv6_only("Listen = {ipv6}", "in ngircd.conf under [Global]; then restart ngIRCd"),
        ],
        ..ENTRY
    },
];
