//! What a socket is called.

use std::fmt;
use std::net::IpAddr;

use sockwhy_common::label_bit;

use super::family::Family;

/// The socket's family and what it carries, or, for a listener, what it accepts, in one word.
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

    /// Those of connections, and so of events.
    pub const CONNECTIONS: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Ipv4OverAfInet6];

    /// Its bit. Those of connections are the bits of [`label_bit`].
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

    /// Whether only listeners have it.
    pub const fn is_of_listeners(self) -> bool {
        matches!(self, Self::DualStack | Self::Ipv6Only)
    }

    /// The label of a socket with this peer, a mapped one as IPv4. The family decides first: the kernel keeps a mapped
    /// form of an `AF_INET` socket's addresses as well (`sk_daddr_set`).
    pub const fn of_connection(family: Family, peer: IpAddr) -> Self {
        match (family, peer) {
            (Family::Inet, _) => Self::Ipv4,
            (Family::Inet6, IpAddr::V4(_)) => Self::Ipv4OverAfInet6,
            (Family::Inet6, IpAddr::V6(_)) => Self::Ipv6,
        }
    }

    /// The label of a listener on this address, a mapped one as IPv4.
    pub const fn of_listener(family: Family, local: IpAddr, v6only: bool) -> Self {
        match (family, local) {
            (Family::Inet, _) => Self::Ipv4,
            (Family::Inet6, IpAddr::V4(_)) => Self::Ipv4OverAfInet6,
            (Family::Inet6, IpAddr::V6(address)) if address.is_unspecified() && !v6only => Self::DualStack,
            (Family::Inet6, IpAddr::V6(_)) => Self::Ipv6Only,
        }
    }

    /// The version of IP on the wire, 4 or 6; `None` where it can be both.
    pub const fn ip_version(self) -> Option<u8> {
        match self {
            Self::Ipv4 | Self::Ipv4OverAfInet6 => Some(4),
            Self::Ipv6 | Self::Ipv6Only => Some(6),
            Self::DualStack => None,
        }
    }

    /// Whether a listener of this label takes this version of IP, 4 or 6.
    pub fn takes(self, version: u8) -> bool {
        self.ip_version().is_none_or(|only| only == version)
    }

    /// What a listener of this label accepts.
    pub const fn accepts(self) -> &'static [&'static str] {
        match self {
            Self::Ipv4 | Self::Ipv4OverAfInet6 => &["IPv4"],
            Self::Ipv6 | Self::Ipv6Only => &["IPv6"],
            Self::DualStack => &["IPv4", "IPv6"],
        }
    }

    /// The label's name. The command line takes it in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Ipv4OverAfInet6 => "IPv4-over-AF_INET6",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::address;

    fn label(family: Family, peer: [u8; 16]) -> Label {
        Label::of_connection(family, address(family, peer))
    }

    const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 20];

    #[test]
    fn the_family_decides_before_the_address() {
        assert_eq!(label(Family::Inet, MAPPED), Label::Ipv4);
        assert_eq!(label(Family::Inet6, MAPPED), Label::Ipv4OverAfInet6);
    }

    #[test]
    fn only_the_mapped_form_makes_an_af_inet6_socket_ipv4() {
        let mut compatible = MAPPED;
        compatible[10..12].fill(0); // ::10.0.0.20, deprecated by RFC 4291 §2.5.5.1
        let mut translated = MAPPED;
        (translated[8..10]).fill(0xff); // ::ffff:ffff:10.0.0.20 is no mapped address either
        for native in [compatible, translated, [0; 16], [0xff; 16]] {
            assert_eq!(label(Family::Inet6, native), Label::Ipv6, "{native:x?}");
        }
    }

    #[test]
    fn every_label_has_a_bit_of_its_own() {
        assert_eq!(Label::CONNECTIONS.iter().fold(0, |bits, label| bits | label.bit()), label_bit::ALL);
        let count: u32 = Label::ALL.iter().map(|label| label.bit().count_ones()).sum();
        assert_eq!(count, Label::set(|_| true).count_ones());
        assert!(Label::ALL.iter().all(|label| Label::CONNECTIONS.contains(label) != label.is_of_listeners()));
    }

    #[test]
    fn the_names_are_the_interfaces() {
        assert_eq!(Label::CONNECTIONS.map(|label| label.to_string()), ["IPv4", "IPv6", "IPv4-over-AF_INET6"]);
        assert_eq!(Label::CONNECTIONS.map(Label::ip_version), [Some(4), Some(6), Some(4)]);
    }

    #[test]
    fn a_listener_is_called_by_what_it_accepts() {
        use Family::{Inet, Inet6};
        for (family, local, v6only, label, accepts) in [
            (Inet, "0.0.0.0", false, "IPv4", &["IPv4"][..]),
            (Inet6, "::", false, "dual-stack", &["IPv4", "IPv6"]),
            (Inet6, "::", true, "IPv6-only", &["IPv6"]),
            (Inet6, "::1", false, "IPv6-only", &["IPv6"]),
            (Inet6, "::1", true, "IPv6-only", &["IPv6"]),
            (Inet6, "127.0.0.1", false, "IPv4-over-AF_INET6", &["IPv4"]),
            // ::ffff:0.0.0.0
            (Inet6, "0.0.0.0", false, "IPv4-over-AF_INET6", &["IPv4"]),
        ] {
            let found = Label::of_listener(family, local.parse().unwrap(), v6only);
            assert_eq!((found.as_str(), found.accepts()), (label, accepts), "{family:?} {local} {v6only}");
        }
    }
}
