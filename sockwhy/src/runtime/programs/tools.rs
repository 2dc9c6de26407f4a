//! Tools that listen when they are told to on the command line.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, pair};
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "iperf3",
        tier: Tier::Proven("iperf 3.12; iperf3(1), -4 and -B"),
        signs: &[Program(&["iperf3"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("-4", "on its command line").on_any(),
            ipv4_only("-B {ipv4}", "on its command line").on_one(),
            dual_stack("neither -4 nor -6", "on its command line"),
            ipv6_only("-6", "on its command line").on_any(),
            ipv6_only("-B {ipv6}", "on its command line").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "socat",
        tier: Tier::Proven("socat 1.7.4; socat(1), TCP4-LISTEN, TCP6-LISTEN and ipv6-v6only"),
        signs: &[Program(&["socat*"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only("TCP4-LISTEN:{port}", "on its command line").on_any(),
            ipv4_only("TCP4-LISTEN:{port},bind={ipv4}", "on its command line").on_one(),
            dual_stack("TCP6-LISTEN:{port},ipv6-v6only=0", "on its command line"),
            ipv6_only("TCP6-LISTEN:{port},ipv6-v6only=1", "on its command line").on_any(),
            ipv6_only("TCP6-LISTEN:{port},bind=[{ipv6}]", "on its command line").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Ncat",
        tier: Tier::Proven("Ncat 7.93; ncat(1), -4 and -6"),
        signs: &[Program(&["ncat"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("-4", "on its command line").on_any(),
            ipv4_only("{ipv4} as listen address", "on its command line, before the port").on_one(),
            pair("neither -4 nor -6", "on its command line").on_any(),
            ipv6_only("-6", "on its command line").on_any(),
            ipv6_only("{ipv6} as listen address", "on its command line, before the port").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "OpenBSD netcat",
        tier: Tier::Proven("Debian's netcat-openbsd 1.219; nc(1), -4 and -6"),
        signs: &[Program(&["nc.openbsd"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only("-4", "on its command line").on_any(),
            ipv4_only("{ipv4} as listen address", "on its command line, before the port").on_one(),
            dual_stack("-6", "on its command line, where net.ipv6.bindv6only is 0"),
            ipv6_only("{ipv6} as listen address", "on its command line, before the port").on_one(),
        ],
        ..ENTRY
    },
];
