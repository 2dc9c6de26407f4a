//! What the network namespaces are like whose sockets are explained.

use std::collections::{BTreeMap, BTreeSet};
use std::{io, thread};

use rustix::net::netdevice::index_to_name;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::host::netns::Namespace;
use crate::host::{netns, sysctl, udp};
use crate::model::network::{Address, Network};
use crate::netlink;

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
    let addresses = netlink::addresses();
    if let Err(error) = &addresses {
        log::debug!("the addresses of this network namespace are unknown: {error}");
    }
    let addresses = addresses.ok();
    Network {
        devices: names(addresses.as_deref().unwrap_or_default()).unwrap_or_default(),
        addresses,
        bindv6only: sysctl::read("net/ipv6/bindv6only").map(|value| value != 0),
        udp: udp::ports(),
    }
}

/// The names of the devices of these addresses.
fn names(addresses: &[Address]) -> io::Result<BTreeMap<u32, String>> {
    let any = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let devices: BTreeSet<_> = addresses.iter().map(|address| address.device).collect();
    // A device that is gone meanwhile has no name.
    Ok(devices.into_iter().filter_map(|device| Some((device, index_to_name(&any, device).ok()?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_network_namespace_is_known() {
        let network = read_one();
        assert_eq!(network.devices.get(&1).map(String::as_str), Some("lo"));
        assert!(network.addresses.is_some());
    }
}
