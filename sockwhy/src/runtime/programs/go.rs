//! Go, and servers that are written in it. Their operators have no source to change: an IPv4 address that is not 0.0.0.0
//! makes an `AF_INET` listener.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{Remedy, dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::{options, variables};
use crate::runtime::sign::Sign::{Go, Program};

/// What all of them have.
const GO: Runtime = Runtime {
    v6only: V6only::Sets,
    disable_ipv6: Becomes::Same,
    bindv6only: Becomes::Same,
    settings: |process| variables(process, &["GODEBUG"]),
    ..ENTRY
};

const ON_ONE_ADDRESS: &str =
    "an AF_INET listener, which netstat lists as tcp, of that address alone; IPv6 is no longer served";

/// The address in a program's own setting, for a listener on any address: it narrows it.
const fn one_address(what: &'static str, how: &'static str) -> Remedy {
    ipv4_only(what, how).on_any().with(ON_ONE_ADDRESS)
}

const ANY_ADDRESS: &str = "Go takes any unspecified address for all of them: it is still dual-stack, tcp6 on ::";

const fn any_address(what: &'static str, how: &'static str) -> Remedy {
    listen(&[Ipv4Only], what, how, ANY_ADDRESS).on_any()
}

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Prometheus",
        tier: Tier::ByTheBook("prometheus --help, --web.listen-address; tried by hand with 2.42"),
        signs: &[Program(&["prometheus"])],
        settings: |process| options(process, &["--web.listen-address"]),
        remedies: &[
            one_address(
                "--web.listen-address=10.0.0.20:{port}",
                "on its command line, with the IPv4 address that is to be served; then restart Prometheus",
            ),
            ipv4_only("--web.listen-address={ipv4}:{port}", "on its command line; then restart Prometheus").on_one(),
            dual_stack("--web.listen-address=:{port}", "on its command line; then restart Prometheus"),
        ],
        useless: &[any_address("--web.listen-address=0.0.0.0:{port}", "on its command line")],
        ..GO
    },
    Runtime {
        name: "node_exporter",
        tier: Tier::Proven("node_exporter 1.5; node_exporter --help, --web.listen-address"),
        signs: &[Program(&["node_exporter", "prometheus-node-exporter"])],
        settings: |process| options(process, &["--web.listen-address"]),
        remedies: &[
            one_address(
                "--web.listen-address=10.0.0.20:{port}",
                "on its command line, with the IPv4 address that is to be served; then restart it",
            ),
            ipv4_only("--web.listen-address={ipv4}:{port}", "on its command line; then restart it").on_one(),
            dual_stack("--web.listen-address=:{port}", "on its command line; then restart it"),
        ],
        useless: &[any_address("--web.listen-address=0.0.0.0:{port}", "on its command line")],
        ..GO
    },
    Runtime {
        name: "Caddy",
        tier: Tier::Proven("Caddy 2.6; Caddy documentation, bind"),
        signs: &[Program(&["caddy"])],
        settings: |process| options(process, &["--config"]),
        remedies: &[
            ipv4_only("bind tcp4/{ipv4}", "in the site's block of the Caddyfile; then restart Caddy"),
            pair("bind tcp4/{ipv4} tcp6/[{ipv6}]", "in the site's block of the Caddyfile; then restart Caddy").on_one(),
            dual_stack("no bind", "in the site's block of the Caddyfile; then restart Caddy"),
            ipv6_only("bind tcp6/[{ipv6}]", "in the site's block of the Caddyfile; then restart Caddy"),
        ],
        useless: &[any_address("bind 0.0.0.0", "in the site's block of the Caddyfile")],
        ..GO
    },
    Runtime {
        name: "etcd",
        tier: Tier::Proven("etcd 3.4; etcd configuration, --listen-client-urls"),
        signs: &[Program(&["etcd"])],
        settings: |process| options(process, &["--listen-client-urls", "--listen-peer-urls"]),
        remedies: &[
            one_address(
                "--listen-client-urls=http://10.0.0.20:{port}",
                "on its command line, with the IPv4 address that is to be served; for the peers' port, \
                 --listen-peer-urls; then restart etcd",
            ),
            ipv4_only(
                "--listen-client-urls=http://{ipv4}:{port}",
                "on its command line; for the peers' port, --listen-peer-urls; then restart etcd",
            )
            .on_one(),
            pair(
                "--listen-client-urls=http://{ipv4}:{port},http://[{ipv6}]:{port}",
                "on its command line; for the peers' port, --listen-peer-urls; then restart etcd",
            )
            .on_one(),
            ipv6_only(
                "--listen-client-urls=http://[{ipv6}]:{port}",
                "on its command line; for the peers' port, --listen-peer-urls; then restart etcd",
            )
            .on_one(),
        ],
        useless: &[any_address("--listen-client-urls=http://0.0.0.0:{port}", "on its command line")],
        ..GO
    },
    Runtime {
        name: "Traefik",
        tier: Tier::ByTheBook("Traefik documentation, EntryPoints"),
        signs: &[Program(&["traefik"])],
        remedies: &[
            one_address(
                "address: 10.0.0.20:{port}",
                "of the entry point, with the IPv4 address that is to be served; then restart Traefik",
            ),
            ipv4_only("address: {ipv4}:{port}", "of the entry point; then restart Traefik").on_one(),
            dual_stack("address: \":{port}\"", "of the entry point; then restart Traefik"),
        ],
        useless: &[any_address("address: 0.0.0.0:{port}", "of the entry point")],
        ..GO
    },
    Runtime {
        name: "Go",
        tier: Tier::Proven("Go 1.19; Go documentation, net.Listen"),
        signs: &[Go],
        remedies: &[
            one_address(
                "an IPv4 address that is not 0.0.0.0",
                "in the program's own setting of the listen address, `10.0.0.20:{port}`",
            ),
            ipv4_only(
                "{ipv4}:{port}",
                "in the program's own setting of the listen address, or in the source, `net.Listen(\"tcp\", \
                 \"{ipv4}:{port}\")`",
            )
            .on_one(),
            ipv4_only(
                "the network tcp4",
                "in the source, `net.Listen(\"tcp4\", \":{port}\")`, for http.Server with `Serve`",
            )
            .on_any(),
            dual_stack(
                "the network tcp",
                "in the source, `net.Listen(\"tcp\", \":{port}\")` instead of \"tcp4\" or \"tcp6\"",
            ),
            ipv6_only("the network tcp6", "in the source, `net.Listen(\"tcp6\", \":{port}\")`").on_any(),
        ],
        useless: &[any_address(
            "0.0.0.0 as address",
            "`net.Listen(\"tcp\", \"0.0.0.0:{port}\")`, or a setting of the program that ends up there",
        )],
        ..GO
    },
];
