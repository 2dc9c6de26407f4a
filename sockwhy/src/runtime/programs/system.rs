//! Logins from afar, remote procedure calls, and servers that start others.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::{Both, Ipv4Only, Ipv6Only};
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "sshd",
        tier: Tier::Proven("OpenSSH 9.2p1; sshd_config(5), AddressFamily and ListenAddress"),
        signs: &[Program(&["sshd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-f"]),
        remedies: &[
            ipv4_only("AddressFamily inet", "in sshd_config, without a ListenAddress of IPv6; then restart sshd")
                .on_any(),
            ipv4_only("ListenAddress {ipv4}", "in sshd_config, instead of those of IPv6; then restart sshd").on_one(),
            pair("AddressFamily any", "in sshd_config, without a ListenAddress; then restart sshd").on_any(),
            pair("ListenAddress {ipv4} and ListenAddress {ipv6}", "in sshd_config, a line for each; then restart sshd")
                .on_one(),
            ipv6_only("AddressFamily inet6", "in sshd_config, without a ListenAddress of IPv4; then restart sshd")
                .on_any(),
            ipv6_only("ListenAddress {ipv6}", "in sshd_config, instead of those of IPv4; then restart sshd").on_one(),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "AddressFamily inet beside a ListenAddress of IPv6",
            "in sshd_config",
            "sshd does not start: it finds no IPv4 address in that ListenAddress",
        )
        .on_one()],
    },
    Runtime {
        name: "rpcbind",
        tier: Tier::ByTheBook("netconfig(5); tried by hand with rpcbind 1.2.6"),
        signs: &[Program(&["rpcbind"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only(
                "no lines for udp6 and tcp6",
                "in /etc/netconfig; then restart rpcbind and whatever registers with it",
            )
            .on_any()
            .with("AF_INET listeners, which netstat lists as tcp; no RPC program of the host serves IPv6 any more"),
            pair("lines for tcp, udp, tcp6 and udp6", "in /etc/netconfig; then restart rpcbind").on_any(),
        ],
        useless: &[listen(
            &[Ipv4Only, Both, Ipv6Only],
            "rpcbind -h {ipv4}",
            "its command line",
            "is for UDP alone: the listeners of TCP stay as they are",
        )
        .on_any()],
        ..ENTRY
    },
    Runtime {
        name: "rpc.statd",
        tier: Tier::ByTheBook("netconfig(5); tried by hand with nfs-utils 2.6.2"),
        signs: &[Program(&["rpc.statd", "rpc.mountd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("no lines for udp6 and tcp6", "in /etc/netconfig; then restart rpcbind and this program")
                .on_any()
                .with("AF_INET listeners, which netstat lists as tcp; no RPC program of the host serves IPv6 any more"),
            pair("lines for tcp, udp, tcp6 and udp6", "in /etc/netconfig; then restart this program").on_any(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "xinetd",
        tier: Tier::Proven("xinetd 2.3.15; xinetd.conf(5), flags and bind"),
        signs: &[Program(&["xinetd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-f"]),
        remedies: &[
            ipv4_only("flags = IPv4", "in the service's block; then restart xinetd").on_any(),
            ipv4_only("bind = {ipv4}", "in the service's block; then restart xinetd").on_one(),
            dual_stack("flags = IPv6", "in the service's block; then restart xinetd"),
            ipv6_only("bind = {ipv6}", "in the service's block; then restart xinetd").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "inetd",
        tier: Tier::Proven("openbsd-inetd 0.20221205; inetd(8)"),
        signs: &[Program(&["inetd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("tcp4", "as the protocol in the service's line of inetd.conf; then restart inetd").on_any(),
            pair("a line with tcp4 and a line with tcp6", "in inetd.conf; then restart inetd").on_any(),
            ipv6_only("tcp6", "as the protocol in the service's line of inetd.conf; then restart inetd").on_any(),
        ],
        ..ENTRY
    },
];
