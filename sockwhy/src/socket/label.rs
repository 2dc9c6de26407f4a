//! What a socket is called.

use std::{fmt, net::IpAddr};

use sockwhy_common::label_bit;

use crate::flow::{self, Family};

/// The socket's family and what it carries, or as a listener accepts, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// An `AF_INET` socket.
    Ipv4,
    /// An `AF_INET6` socket whose peer is an IPv6 address.
    Ipv6,
    /// An `AF_INET6` socket whose peer is IPv4-mapped, or a listener that is bound to an IPv4-mapped address.
    Ipv4OverAfInet6,
    /// An `AF_INET6` listener that accepts both.
    DualStack,
    /// An `AF_INET6` listener that accepts IPv6 only: by `IPV6_V6ONLY`, or because it is bound to one IPv6 address.
    Ipv6Only,
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 5] = [Self::Ipv4, Self::Ipv6, Self::Ipv4OverAfInet6, Self::DualStack, Self::Ipv6Only];

    /// Its bit, which for those that flows have too is the one among [`label_bit`].
    #[must_use]
    pub const fn bit(self) -> u8 {
        const NEXT: u8 = label_bit::ALL + 1;
        match self {
            Self::Ipv4 => label_bit::IPV4,
            Self::Ipv6 => label_bit::IPV6,
            Self::Ipv4OverAfInet6 => label_bit::IPV4_OVER_AF_INET6,
            Self::DualStack => NEXT,
            Self::Ipv6Only => NEXT << 1,
        }
    }

    /// The bits of the labels for which this holds.
    pub(crate) fn set(holds: impl Fn(Self) -> bool) -> u8 {
        Self::ALL.into_iter().filter(|label| holds(*label)).fold(0, |set, label| set | label.bit())
    }

    /// Whether no other sockets than listeners have it.
    #[must_use]
    pub const fn is_of_listeners(self) -> bool {
        matches!(self, Self::DualStack | Self::Ipv6Only)
    }

    /// The label of a socket with this peer, sixteen bytes in network order.
    #[must_use]
    pub const fn of_connection(family: Family, peer: [u8; 16]) -> Self {
        match flow::Label::of(family, peer) {
            flow::Label::Ipv4 => Self::Ipv4,
            flow::Label::Ipv6 => Self::Ipv6,
            flow::Label::Ipv4OverAfInet6 => Self::Ipv4OverAfInet6,
        }
    }

    /// The label of a listener on this address, a mapped one as IPv4.
    #[must_use]
    pub const fn of_listener(family: Family, local: IpAddr, v6only: bool) -> Self {
        match (family, local) {
            (Family::Inet, _) => Self::Ipv4,
            (Family::Inet6, IpAddr::V4(_)) => Self::Ipv4OverAfInet6,
            (Family::Inet6, IpAddr::V6(address)) if address.is_unspecified() && !v6only => Self::DualStack,
            (Family::Inet6, IpAddr::V6(_)) => Self::Ipv6Only,
        }
    }

    /// The label as that of a flow; `None` where only a listener has it.
    pub(super) const fn of_flow(self) -> Option<flow::Label> {
        match self {
            Self::Ipv4 => Some(flow::Label::Ipv4),
            Self::Ipv6 => Some(flow::Label::Ipv6),
            Self::Ipv4OverAfInet6 => Some(flow::Label::Ipv4OverAfInet6),
            Self::DualStack | Self::Ipv6Only => None,
        }
    }

    /// The version of IP on the wire, 4 or 6; `None` where it can be both.
    #[must_use]
    pub const fn ip_version(self) -> Option<u8> {
        match self {
            Self::Ipv4 | Self::Ipv4OverAfInet6 => Some(4),
            Self::Ipv6 | Self::Ipv6Only => Some(6),
            Self::DualStack => None,
        }
    }

    /// Whether a listener of this label takes this version of IP, 4 or 6.
    #[must_use]
    pub fn takes(self, version: u8) -> bool {
        self.ip_version().is_none_or(|only| only == version)
    }

    /// What a listener of this label accepts.
    #[must_use]
    pub const fn accepts(self) -> &'static [&'static str] {
        match self {
            Self::Ipv4 | Self::Ipv4OverAfInet6 => &["IPv4"],
            Self::Ipv6 | Self::Ipv6Only => &["IPv6"],
            Self::DualStack => &["IPv4", "IPv6"],
        }
    }

    /// The label's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => flow::Label::Ipv4.as_str(),
            Self::Ipv6 => flow::Label::Ipv6.as_str(),
            Self::Ipv4OverAfInet6 => flow::Label::Ipv4OverAfInet6.as_str(),
            Self::DualStack => "dual-stack",
            Self::Ipv6Only => "IPv6-only",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
