//! Web servers.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "nginx",
        tier: Tier::Proven("nginx 1.22.1; ngx_http_core_module, listen"),
        signs: &[Program(&["nginx"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only(
                "listen {ipv4}:{port};",
                "in nginx.conf, alone, without `listen [{ipv6}]:{port};`; then restart nginx",
            ),
            pair("listen {ipv4}:{port}; listen [{ipv6}]:{port};", "in nginx.conf; then restart nginx"),
            dual_stack("listen [::]:{port} ipv6only=off;", "in nginx.conf, alone; then restart nginx"),
            ipv6_only(
                "listen [{ipv6}]:{port};",
                "in nginx.conf, alone, without `listen {ipv4}:{port};`; then restart nginx",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Apache",
        tier: Tier::Proven("Apache 2.4; Apache documentation, Binding to Addresses and Ports"),
        signs: &[Program(&["apache2", "httpd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Ipv4,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-f", "-d"]),
        remedies: &[
            ipv4_only(
                "Listen {ipv4}:{port}",
                "in ports.conf or httpd.conf, instead of `Listen {port}`; then restart Apache",
            ),
            dual_stack("Listen {port}", "in ports.conf or httpd.conf, without an address; then restart Apache"),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "<VirtualHost {ipv4}:{port}>",
            "the address of a virtual host",
            "chooses among connections that have come already; only Listen makes sockets",
        )],
    },
];
