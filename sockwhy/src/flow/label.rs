//! What a flow is called.

use std::fmt;

use sockwhy_common::{AF_INET, AF_INET6, label_bit};

/// A socket's address family (`sk_family`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

impl Family {
    /// The family that has this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            AF_INET => Some(Self::Inet),
            AF_INET6 => Some(Self::Inet6),
            _ => None,
        }
    }

    /// The name of the constant: `AF_INET` or `AF_INET6`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inet => "AF_INET",
            Self::Inet6 => "AF_INET6",
        }
    }

    /// How netstat lists TCP sockets of this family: `tcp` or `tcp6`. It knows them from `/proc/net/tcp` and
    /// `/proc/net/tcp6`, which the kernel fills by `sk_family` alone (`tcp4_seq_show`, `tcp6_seq_show`).
    #[must_use]
    pub const fn netstat(self) -> &'static str {
        match self {
            Self::Inet => "tcp",
            Self::Inet6 => "tcp6",
        }
    }
}

/// The socket's family and what travels on the wire, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// An `AF_INET` socket.
    Ipv4,
    /// An `AF_INET6` socket whose peer is an IPv6 address.
    Ipv6,
    /// An `AF_INET6` socket whose peer is IPv4-mapped (`::ffff:a.b.c.d`).
    Ipv4OverAfInet6,
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Ipv4OverAfInet6];

    /// The label of a socket with this peer, sixteen bytes in network order. The family decides first: the kernel keeps
    /// a mapped form of an `AF_INET` socket's addresses as well (`sk_daddr_set`).
    #[must_use]
    pub const fn of(family: Family, peer: [u8; 16]) -> Self {
        match family {
            Family::Inet => Self::Ipv4,
            Family::Inet6 if is_mapped(peer) => Self::Ipv4OverAfInet6,
            Family::Inet6 => Self::Ipv6,
        }
    }

    /// Its bit among [`label_bit`].
    #[must_use]
    pub const fn bit(self) -> u8 {
        match self {
            Self::Ipv4 => label_bit::IPV4,
            Self::Ipv6 => label_bit::IPV6,
            Self::Ipv4OverAfInet6 => label_bit::IPV4_OVER_AF_INET6,
        }
    }

    /// The version of IP on the wire: 4 or 6.
    #[must_use]
    pub const fn ip_version(self) -> u8 {
        match self {
            Self::Ipv4 | Self::Ipv4OverAfInet6 => 4,
            Self::Ipv6 => 6,
        }
    }

    /// The label's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Ipv4OverAfInet6 => "IPv4-over-AF_INET6",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether the address lies in `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
const fn is_mapped(address: [u8; 16]) -> bool {
    u128::from_be_bytes(address) >> 32 == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 20];

    #[test]
    fn the_family_decides_before_the_address() {
        assert_eq!(Label::of(Family::Inet, MAPPED), Label::Ipv4);
        assert_eq!(Label::of(Family::Inet6, MAPPED), Label::Ipv4OverAfInet6);
    }

    #[test]
    fn only_the_mapped_form_makes_an_af_inet6_socket_ipv4() {
        let mut compatible = MAPPED;
        compatible[10..12].fill(0); // ::10.0.0.20, deprecated by RFC 4291 §2.5.5.1
        let mut translated = MAPPED;
        (translated[8..10]).fill(0xff); // ::ffff:ffff:10.0.0.20 is no mapped address either
        for native in [compatible, translated, [0; 16], [0xff; 16]] {
            assert_eq!(Label::of(Family::Inet6, native), Label::Ipv6, "{native:x?}");
        }
    }

    #[test]
    fn every_label_has_a_bit_of_its_own() {
        assert_eq!(Label::ALL.iter().fold(0, |bits, label| bits | label.bit()), label_bit::ALL);
        assert_eq!(Label::ALL.iter().map(|label| label.bit().count_ones()).sum::<u32>(), label_bit::ALL.count_ones());
    }

    #[test]
    fn the_names_are_the_interfaces() {
        assert_eq!(Label::ALL.map(|label| label.to_string()), ["IPv4", "IPv6", "IPv4-over-AF_INET6"]);
        assert_eq!(Label::ALL.map(Label::ip_version), [4, 6, 4]);
    }
}
