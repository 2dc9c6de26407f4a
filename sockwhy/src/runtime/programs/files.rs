//! File and print servers.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{dual_stack, ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "vsftpd",
        tier: Tier::Proven("vsftpd 3.0.3; vsftpd.conf(5), listen and listen_ipv6"),
        signs: &[Program(&["vsftpd"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only("listen=YES and listen_ipv6=NO", "in vsftpd.conf; then restart vsftpd").on_any(),
            ipv4_only(
                "listen=YES and listen_ipv6=NO and listen_address={ipv4}",
                "in vsftpd.conf, a line for each; then restart vsftpd",
            )
            .on_one(),
            dual_stack(
                "listen=NO and listen_ipv6=YES",
                "in vsftpd.conf, with net.ipv6.bindv6only=0; then restart vsftpd",
            ),
            ipv6_only(
                "listen=NO and listen_ipv6=YES and listen_address6={ipv6}",
                "in vsftpd.conf, a line for each; then restart vsftpd",
            )
            .on_one(),
        ],
        useless: &[
            listen(
                &[Ipv4Only],
                "listen_address={ipv4} beside listen_ipv6=YES",
                "in vsftpd.conf",
                "is not read: with listen_ipv6=YES, listen_address6 counts",
            ),
            listen(
                &[Ipv4Only],
                "listen=YES beside listen_ipv6=YES",
                "in vsftpd.conf",
                "vsftpd does not start: one of them has to be NO",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "ProFTPD",
        tier: Tier::Proven("ProFTPD 1.3.8; ProFTPD documentation, UseIPv6, DefaultAddress and SocketBindTight"),
        signs: &[Program(&["proftpd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only("UseIPv6 off", "in proftpd.conf; then restart ProFTPD").on_any(),
            ipv4_only("DefaultAddress {ipv4} and SocketBindTight on", "in proftpd.conf; then restart ProFTPD").on_one(),
            dual_stack("UseIPv6 on", "in proftpd.conf, without SocketBindTight; then restart ProFTPD"),
            pair("DefaultAddress {ipv4} {ipv6} and SocketBindTight on", "in proftpd.conf; then restart ProFTPD")
                .on_one(),
            ipv6_only("DefaultAddress {ipv6} and SocketBindTight on", "in proftpd.conf; then restart ProFTPD").on_one(),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "DefaultAddress 0.0.0.0",
            "in proftpd.conf, without SocketBindTight",
            "the listener stays on ::, as the address only chooses among virtual servers",
        )
        .on_any()],
    },
    Runtime {
        name: "rsync",
        tier: Tier::Proven("rsync 3.2.7; rsync(1), --daemon, and rsyncd.conf(5), address"),
        signs: &[Program(&["rsync"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["--config", "--address"]),
        remedies: &[
            ipv4_only("--ipv4", "on the daemon's command line; then restart it").on_any(),
            ipv4_only("address = {ipv4}", "in rsyncd.conf; then restart the daemon").on_one(),
            pair("neither --ipv4 nor --ipv6", "on the daemon's command line; then restart it").on_any(),
            ipv6_only("--ipv6", "on the daemon's command line; then restart it").on_any(),
            ipv6_only("address = {ipv6}", "in rsyncd.conf; then restart the daemon").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Samba",
        tier: Tier::ByTheBook("smb.conf(5), interfaces and bind interfaces only; tried by hand with 4.17"),
        signs: &[Program(&["smbd", "nmbd", "samba"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-s", "--configfile"]),
        remedies: &[
            ipv4_only(
                "bind interfaces only = yes and interfaces = 127.0.0.1 10.0.0.20",
                "in smb.conf, with the IPv4 addresses that are to be served; then restart Samba",
            )
            .on_any(),
            pair("bind interfaces only = no", "in smb.conf; then restart Samba").on_any(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "CUPS",
        tier: Tier::Proven("CUPS 2.4.2; cupsd.conf(5), Listen and Port"),
        signs: &[Program(&["cupsd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-c"]),
        remedies: &[
            ipv4_only(
                "Listen {ipv4}:{port}",
                "in cupsd.conf, instead of `Port {port}` and other `Listen`; then restart CUPS",
            ),
            pair("Port {port}", "in cupsd.conf, without `Listen` of that port; then restart CUPS").on_any(),
            pair(
                "Listen {ipv4}:{port} and Listen [{ipv6}]:{port}",
                "in cupsd.conf, a line for each; then restart CUPS",
            )
            .on_one(),
            ipv6_only("Listen [{ipv6}]:{port}", "in cupsd.conf, instead of other `Listen`; then restart CUPS"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Transmission",
        tier: Tier::ByTheBook("transmission-daemon(1); tried by hand with 3.00"),
        signs: &[Program(&["transmission-*"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        useless: &[listen(
            &[Ipv4Only],
            "--bind-address-ipv4 {ipv4}",
            "transmission-daemon's command line, or bind-address-ipv4 in settings.json",
            "moves the IPv4 listener of the peers' port, and leaves the one of IPv6 where it is",
        )
        .on_any()],
        ..ENTRY
    },
];
