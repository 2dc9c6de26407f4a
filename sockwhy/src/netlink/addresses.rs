//! The addresses of network devices (`rtnetlink(7)`). Source: `include/uapi/linux/if_addr.h`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use sockwhy_common::{AF_INET, AF_INET6};

use super::exchange;
use super::message::{attribute, bytes, dump};
use crate::model::network::Address;

const RTM_GETADDR: u16 = 22;

/// Bytes of `struct ifaddrmsg`: family, length of the prefix, flags, scope, index of the device.
const HEADER: usize = 8;

/// The address of the other end, where the device has one; else its own.
const IFA_ADDRESS: u16 = 1;
/// Its own.
const IFA_LOCAL: u16 = 2;

/// Another host has it.
const IFA_F_DADFAILED: u8 = 0x08;

/// The addresses of all devices of the network namespace that the calling thread is in.
///
/// # Errors
/// Where the kernel does not tell.
pub fn addresses() -> io::Result<Vec<Address>> {
    // NETLINK_ROUTE is protocol 0.
    let route = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut found = Vec::new();
    let every_family = [0; HEADER];
    exchange(&route, &dump(RTM_GETADDR, &every_family), |body| {
        let (header, attributes) = body.split_at_checked(HEADER)?;
        found.extend(decode(header, attributes));
        Some(())
    })?;
    Ok(found)
}

/// `None` for an address that is not of IP, or cannot be used.
fn decode(header: &[u8], attributes: &[u8]) -> Option<Address> {
    let [family, prefix, flags, _scope] = bytes(header, 0)?;
    let own = attribute(attributes, IFA_LOCAL).or_else(|| attribute(attributes, IFA_ADDRESS))?;
    let ip: IpAddr = match u16::from(family) {
        AF_INET => Ipv4Addr::from(bytes::<4>(own, 0)?).into(),
        AF_INET6 => Ipv6Addr::from(bytes::<16>(own, 0)?).into(),
        _ => return None,
    };
    let device = u32::from_ne_bytes(bytes(header, 4)?);
    (flags & IFA_F_DADFAILED == 0).then_some(Address { ip, prefix, device })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_point_to_point_device_has_its_own_address_and_that_of_the_other_end() {
        let header = [&[2_u8, 32, 0, 0][..], &7_u32.to_ne_bytes()].concat();
        let attribute = |kind: u16, value: &[u8]| [&8_u16.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        let attributes = [attribute(IFA_ADDRESS, &[10, 0, 0, 2]), attribute(IFA_LOCAL, &[10, 0, 0, 1])].concat();
        let own = Address { ip: Ipv4Addr::new(10, 0, 0, 1).into(), prefix: 32, device: 7 };
        assert_eq!(decode(&header, &attributes), Some(own));
    }

    #[test]
    fn this_machine_has_addresses() {
        let addresses = addresses().unwrap();
        assert!(addresses.iter().any(|address| address.ip.is_loopback()), "{addresses:?}");
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(header: [u8; HEADER], attributes: Vec<u8>) {
            let _whatever_it_is = decode(&header, &attributes);
        }
    }
}
