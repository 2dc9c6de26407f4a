//! Kinds of listeners and clients, and which of them can connect.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::host;

/// A kind of listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    Inet,
    DualStack,
    V6Only,
    Loopback6,
    Mapped,
}

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Inet,
    Inet6,
    Mapped,
}

impl Listener {
    /// Those that this kernel can make.
    pub(crate) fn all() -> &'static [Self] {
        const ALL: [Listener; 5] =
            [Listener::Inet, Listener::DualStack, Listener::V6Only, Listener::Loopback6, Listener::Mapped];
        if host::has_ipv6() { &ALL } else { &ALL[..1] }
    }

    /// Whether it accepts such a client.
    pub(crate) fn takes(self, client: Client) -> bool {
        match self {
            Self::DualStack => true,
            Self::Inet | Self::Mapped => client != Client::Inet6,
            Self::V6Only | Self::Loopback6 => client == Client::Inet6,
        }
    }
}

impl Client {
    /// Those that this kernel can make.
    pub(crate) fn all() -> &'static [Self] {
        const ALL: [Client; 3] = [Client::Inet, Client::Inet6, Client::Mapped];
        if host::has_ipv6() { &ALL } else { &ALL[..1] }
    }

    /// Where it reaches a port of this machine.
    pub(crate) fn target(self, port: u16) -> SocketAddr {
        match self {
            Self::Inet => (Ipv4Addr::LOCALHOST, port).into(),
            Self::Inet6 => (Ipv6Addr::LOCALHOST, port).into(),
            Self::Mapped => (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), port).into(),
        }
    }
}
