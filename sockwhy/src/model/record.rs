//! What the values in the kernel's records mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::family::Family;

/// In a record, 0 means "not known".
pub(super) fn known<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// An address as people write it: without the `::ffff:` of its mapped form.
pub(super) fn address(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::Inet => {
            let [.., a, b, c, d] = bytes;
            Ipv4Addr::new(a, b, c, d).into()
        }
        Family::Inet6 => Ipv6Addr::from(bytes).to_canonical(),
    }
}
