//! What the network namespaces are like whose sockets are explained.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io, thread,
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice::index_to_name, socket_with};

use crate::{
    diag,
    flow::Family,
    kernel::host,
    netns::{self, Namespace},
    network::{Address, Network},
};

/// Looks at those that may be entered. `/proc` and netlink show the namespace that the reading thread is in, so this
/// needs a thread to move about.
pub(super) fn read(namespaces: &[Namespace]) -> BTreeMap<u32, Network> {
    let mut found = BTreeMap::new();
    let visited = thread::scope(|scope| {
        let visitor = scope.spawn(|| {
            netns::visit(namespaces, |inode| {
                found.insert(inode, read_one());
                Ok(())
            })
        });
        visitor.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    if let Err(error) = visited {
        log::debug!("the addresses and settings of a network namespace are unknown: {error}");
    }
    found
}

fn read_one() -> Network {
    let addresses = diag::addresses();
    if let Err(error) = &addresses {
        log::debug!("the addresses of this network namespace are unknown: {error}");
    }
    let addresses = addresses.ok();
    Network {
        devices: names(addresses.as_deref().unwrap_or_default()).unwrap_or_default(),
        addresses,
        bindv6only: host::sysctl("net/ipv6/bindv6only").map(|value| value != 0),
        udp: [("udp", Family::Inet), ("udp6", Family::Inet6)]
            .into_iter()
            .flat_map(|(name, family)| {
                let table = fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
                ports(&table).map(move |port| (port, family)).collect::<Vec<_>>()
            })
            .collect(),
    }
}

/// The names of the devices of these addresses.
fn names(addresses: &[Address]) -> io::Result<BTreeMap<u32, String>> {
    let any = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let devices: BTreeSet<_> = addresses.iter().map(|address| address.device).collect();
    // A device that is gone meanwhile has no name.
    Ok(devices.into_iter().filter_map(|device| Some((device, index_to_name(&any, device).ok()?))).collect())
}

/// The local ports of the sockets of `/proc/net/udp` that have no peer (`udp4_format_sock()`): the second field is address
/// and port in hexadecimal, the third the peer's.
fn ports(table: &str) -> impl Iterator<Item = u16> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let mut port = || u16::from_str_radix(fields.next()?.rsplit_once(':')?.1, 16).ok();
        let (local, peer) = (port()?, port()?);
        (peer == 0).then_some(local)
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;

    #[test]
    fn this_network_namespace_is_known() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let network = read_one();
        assert!(network.udp.contains(&(socket.local_addr().unwrap().port(), Family::Inet)), "{network:?}");
        assert_eq!(network.devices.get(&1).map(String::as_str), Some("lo"));
        assert!(network.addresses.is_some());
    }

    #[test]
    fn a_connected_udp_socket_serves_nobody() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     10: 00000000:0035 00000000:0000 07 0 0\n  11: 0100007F:C350 0100007F:0035 01 0 0\n  12: broken\n";
        assert_eq!(ports(table).collect::<Vec<_>>(), [53]);
    }
}
