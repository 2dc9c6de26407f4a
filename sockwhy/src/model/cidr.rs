//! Networks of the peer, as rules of a longest-prefix-match trie.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use sockwhy_common::{CidrKey, label_bit};
use thiserror::Error;

/// `::ffff:0:0/96`, where the records keep IPv4 addresses.
const MAPPED: Cidr = Cidr { network: 0xffff << 32, prefix_len: 96 };

/// A network. An IPv4 one is kept as the part of `::ffff:0:0/96` that it maps to, which is what IPv4 peers are in the
/// kernel's records, whatever the socket's family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    /// Host order; bits past the prefix are 0.
    network: u128,
    prefix_len: u32,
}

/// One rule of the trie `FILTER_NET`: the longest prefix that matches the peer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetRule {
    /// The network's address.
    pub key: CidrKey,
    /// Length of its prefix in bits, 0 to 128.
    pub prefix_len: u32,
    /// Whether peers of this network are wanted, or carved out of a wider one that is.
    pub wanted: bool,
}

/// Text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CidrError {
    /// The part before the slash is no address.
    #[error("'{0}' is not an IP address; a network looks like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7")]
    Address(String),
    /// The part after the slash is no length of a prefix.
    #[error("the prefix of an IPv{version} network is /0 to /{max}")]
    Prefix {
        /// 4 or 6
        version: u8,
        /// 32 or 128
        max: u8,
    },
}

impl Cidr {
    fn new(address: Ipv6Addr, prefix_len: u32) -> Self {
        Self { network: address.to_bits() & mask(prefix_len), prefix_len }
    }

    fn contains(self, other: Self) -> bool {
        self.prefix_len <= other.prefix_len && other.network & mask(self.prefix_len) == self.network
    }

    fn is_ipv4(self) -> bool {
        MAPPED.contains(self)
    }

    /// The labels that a flow to this network can have: bits of [`label_bit`].
    pub(crate) fn labels(self) -> u8 {
        if self.is_ipv4() { label_bit::IPV4 | label_bit::IPV4_OVER_AF_INET6 } else { label_bit::IPV6 }
    }

    /// Whether this address, a mapped one as IPv4, is in it. `::/0` means every IPv6 address, and no IPv4 one.
    pub(crate) fn has(self, address: IpAddr) -> bool {
        let host = match address {
            IpAddr::V4(address) => Self::new(address.to_ipv6_mapped(), 128),
            IpAddr::V6(address) => Self::new(address, 128),
        };
        self.is_ipv4() == host.is_ipv4() && self.contains(host)
    }

    fn rule(self, wanted: bool) -> NetRule {
        NetRule { key: self.network.to_be_bytes(), prefix_len: self.prefix_len, wanted }
    }
}

/// The rules by which the trie lets peers of these networks through, and no others.
pub(crate) fn rules(mut nets: Vec<Cidr>) -> Vec<NetRule> {
    nets.sort_unstable();
    nets.dedup();
    let mut rules: Vec<_> = nets.iter().map(|net| net.rule(true)).collect();
    // `::/0` means every IPv6 peer, and no IPv4 one.
    if nets.iter().any(|net| net.contains(MAPPED)) && !nets.contains(&MAPPED) {
        rules.push(MAPPED.rule(false));
    }
    rules
}

const fn mask(prefix_len: u32) -> u128 {
    match prefix_len {
        0 => 0,
        len => u128::MAX << (128 - len),
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Reads `a.b.c.d/n`, `x:y::z/n` or a single address. Bits past the prefix are dropped.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address(address.to_owned()))?;
        let (version, max) = if address.is_ipv4() { (4, 32) } else { (6, 128) };
        let prefix_len = match prefix {
            None => max,
            Some(digits) if digits.starts_with('+') => return Err(CidrError::Prefix { version, max }),
            Some(digits) => match digits.parse() {
                Ok(len) if len <= max => len,
                _ => return Err(CidrError::Prefix { version, max }),
            },
        };
        Ok(match address {
            IpAddr::V4(address) => Self::new(address.to_ipv6_mapped(), MAPPED.prefix_len + u32::from(prefix_len)),
            IpAddr::V6(address) => Self::new(address, u32::from(prefix_len)),
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.network);
        match address.to_ipv4_mapped() {
            Some(address) if self.is_ipv4() => write!(f, "{address}/{}", self.prefix_len - MAPPED.prefix_len),
            _ => write!(f, "{address}/{}", self.prefix_len),
        }
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn rules_of(nets: &[&str]) -> Vec<NetRule> {
        rules(nets.iter().map(|net| net.parse().unwrap()).collect())
    }

    /// What the trie says to a peer.
    fn wants(rules: &[NetRule], peer: Ipv6Addr) -> bool {
        let matching = rules.iter().filter(|rule| {
            let key = u128::from_be_bytes(rule.key);
            assert_eq!(key & !mask(rule.prefix_len), 0, "a trie takes no bits past the prefix");
            peer.to_bits() & mask(rule.prefix_len) == key
        });
        matching.max_by_key(|rule| rule.prefix_len).is_some_and(|rule| rule.wanted)
    }

    /// Where the records keep an address.
    fn recorded(address: IpAddr) -> Ipv6Addr {
        match address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        }
    }

    #[test]
    fn an_ipv4_network_is_a_part_of_the_mapped_ones() {
        let [rule] = rules_of(&["10.0.0.0/8"])[..] else { panic!() };
        assert_eq!((Ipv6Addr::from(rule.key).to_string().as_str(), rule.prefix_len), ("::ffff:10.0.0.0", 104));
        assert_eq!(rules_of(&["::ffff:10.0.0.0/104"]), [rule]);
        assert_eq!(rules_of(&["10.1.2.3/8", "10.0.0.0/8"]), [rule]);
    }

    #[test]
    fn a_bare_address_is_a_network_of_one() {
        assert_eq!(rules_of(&["192.0.2.7"]), rules_of(&["192.0.2.7/32"]));
        assert_eq!(rules_of(&["2001:db8::7"]), rules_of(&["2001:db8::7/128"]));
    }

    #[test]
    fn every_ipv6_peer_is_no_ipv4_peer() {
        let peers = ["2001:db8::1", "::1", "::ffff:10.0.0.20", "::ffff:192.0.2.7"].map(|peer| peer.parse().unwrap());
        for (nets, expected) in [
            (&["::/0"][..], [true, true, false, false]),
            (&["::/1"], [true, true, false, false]),
            (&["0.0.0.0/0"], [false, false, true, true]),
            (&["::/0", "0.0.0.0/0"], [true, true, true, true]),
            (&["::/0", "10.0.0.0/8"], [true, true, true, false]),
            (&["2000::/3"], [true, false, false, false]),
        ] {
            assert_eq!(peers.map(|peer| wants(&rules_of(nets), peer)), expected, "{nets:?}");
        }
    }

    #[test]
    fn networks_print_as_they_are_written() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "::/0", "2001:db8::/32", "::ffff:0:0/95"] {
            let net: Cidr = text.parse().unwrap();
            assert_eq!(net.to_string().parse(), Ok(net));
            if text != "::ffff:0:0/95" {
                assert_eq!(net.to_string(), text);
            }
        }
    }

    /// Addresses near each other and near the mapped ones, so that networks often contain peers and one another.
    fn address() -> impl Strategy<Value = IpAddr> {
        let few = prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(0x0a00_0014), any::<u32>()];
        prop_oneof![
            few.clone().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
            (prop_oneof![Just(0), Just(0xffff), Just(0xfffe), Just(0x2001_0db8 << 64)], few)
                .prop_map(|(high, low)| IpAddr::V6(Ipv6Addr::from_bits(high << 32 | u128::from(low)))),
            any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        ]
    }

    fn network() -> impl Strategy<Value = (IpAddr, u32)> {
        address().prop_flat_map(|address| {
            let max: u32 = if address.is_ipv4() { 32 } else { 128 };
            (Just(address), prop_oneof![0..=max, Just(max), Just(0), 90.min(max)..=max])
        })
    }

    proptest! {
        #[test]
        fn the_trie_wants_what_the_networks_contain(
            nets in proptest::collection::vec(network(), 1..6),
            peers in proptest::collection::vec(address(), 1..20),
        ) {
            let parsed = nets.iter().map(|(address, len)| format!("{address}/{len}").parse().unwrap()).collect();
            let rules = rules(parsed);
            for peer in peers {
                let peer = recorded(peer);
                let expected = nets.iter().any(|&(net, len)| match (peer.to_ipv4_mapped(), net) {
                    (Some(peer), IpAddr::V4(net)) => (peer.to_bits() ^ net.to_bits()).leading_zeros() >= len,
                    (None, IpAddr::V4(_)) => false,
                    // A part of the mapped addresses is the IPv4 network that it stands for.
                    (mapped, IpAddr::V6(net)) => {
                        (peer.to_bits() ^ net.to_bits()).leading_zeros() >= len
                            && mapped.is_some() == (len >= 96 && net.to_ipv4_mapped().is_some())
                    }
                });
                prop_assert_eq!(wants(&rules, peer), expected, "{}", peer);
            }
        }
    }
}
