//! A network namespace, as far as it decides what a listener can take. Pure: nothing is read here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::Family;

/// The loopback device of every network namespace (`LOOPBACK_IFINDEX` in `include/net/flow.h`).
pub const LOOPBACK: u32 = 1;

/// An address of a network device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Length of its prefix, in bits.
    pub prefix: u8,
    /// Index of the device.
    pub device: u32,
}

/// What is known of a network namespace, apart from its TCP sockets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The addresses of its devices; `None` where they could not be read.
    pub addresses: Option<Vec<Address>>,
    /// The names of the devices that have an address, by index.
    pub devices: BTreeMap<u32, String>,
    /// `net.ipv6.bindv6only`, where it could be read.
    pub bindv6only: Option<bool>,
    /// The ports of UDP sockets that are not connected, with the families of these sockets.
    pub udp: BTreeSet<(u16, Family)>,
}

impl Address {
    /// Whether packets to `ip` arrive here because of this address. An IPv4 address of the loopback device takes all of
    /// its prefix (`fib_add_ifaddr()`); any other address takes only itself.
    pub fn takes(self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) if self.device == LOOPBACK => {
                let differ = u32::from(own) ^ u32::from(ip);
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            (own, ip) => own == ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_device_has_the_whole_prefix() {
        let takes = |ip: &str, prefix, device, other: &str| {
            Address { ip: ip.parse().unwrap(), prefix, device }.takes(other.parse().unwrap())
        };
        assert!(takes("127.0.0.1", 8, LOOPBACK, "127.0.0.53"));
        assert!(!takes("127.0.0.1", 8, LOOPBACK, "128.0.0.1"));
        assert!(!takes("10.0.0.1", 24, 2, "10.0.0.2"));
        assert!(takes("10.0.0.1", 24, 2, "10.0.0.1"));
        assert!(!takes("::1", 128, LOOPBACK, "::2"));
        assert!(takes("0.0.0.0", 0, LOOPBACK, "10.0.0.1"));
    }
}
