//! Proxies and load balancers.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::{Both, Ipv4Only, Ipv6Only};
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "HAProxy",
        tier: Tier::Proven("HAProxy 2.6; HAProxy Configuration Manual, bind"),
        signs: &[Program(&["haproxy"])],
        v6only: V6only::Varies,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        settings: |process| options(process, &["-f"]),
        remedies: &[
            ipv4_only("bind {ipv4}:{port}", "in haproxy.cfg; then restart HAProxy"),
            dual_stack("bind :::{port} v4v6", "in haproxy.cfg; then restart HAProxy"),
            ipv6_only("bind [{ipv6}]:{port} v6only", "in haproxy.cfg; then restart HAProxy"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Squid",
        tier: Tier::Proven("Squid 5.7; Squid configuration directive http_port"),
        signs: &[Program(&["squid"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Ipv4,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-f"]),
        remedies: &[
            ipv4_only("http_port {ipv4}:{port}", "in squid.conf; then restart Squid"),
            dual_stack("http_port {port}", "in squid.conf, without an address; then restart Squid"),
            pair(
                "http_port {ipv4}:{port} and http_port [{ipv6}]:{port}",
                "in squid.conf, a line for each; then restart Squid",
            )
            .on_one(),
            ipv6_only("http_port [{ipv6}]:{port}", "in squid.conf; then restart Squid").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Tinyproxy",
        tier: Tier::Proven("Tinyproxy 1.11.1; tinyproxy.conf(5), Listen"),
        signs: &[Program(&["tinyproxy"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("Listen {ipv4}", "in tinyproxy.conf; then restart Tinyproxy"),
            pair("no Listen", "in tinyproxy.conf; then restart Tinyproxy").on_any(),
            pair("Listen {ipv4} and Listen {ipv6}", "in tinyproxy.conf, a line for each; then restart Tinyproxy")
                .on_one(),
            ipv6_only("Listen {ipv6}", "in tinyproxy.conf; then restart Tinyproxy"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "docker-proxy",
        tier: Tier::ByTheBook("docker run, --publish"),
        signs: &[Program(&["docker-proxy"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Unknown,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-host-ip", "-host-port", "-container-ip", "-container-port"]),
        remedies: &[
            ipv4_only("docker run -p {ipv4}:{port}:CONTAINER_PORT", "publish the port on an IPv4 address")
                .with("an AF_INET listener of docker-proxy; IPv6 is no longer forwarded"),
            pair(
                "docker run -p {ipv4}:{port}:CONTAINER_PORT -p [{ipv6}]:{port}:CONTAINER_PORT",
                "publish the port on both",
            )
            .with("IPv4 and IPv6 are forwarded"),
        ],
        useless: &[listen(
            &[Ipv4Only, Both, Ipv6Only],
            "a setting of the program in the container",
            "its listen address",
            "changes its own socket, not this one: docker-proxy made it, and connects to the container anew",
        )],
    },
];
