//! UDP sockets, as far as their ports go.

use std::collections::BTreeSet;
use std::fs;

use crate::model::Family;

/// The ports of the sockets that are not connected, with their families, in the network namespace that the calling thread is
/// in. None where `/proc` cannot be read.
pub fn ports() -> BTreeSet<(u16, Family)> {
    let of = |name: &str| fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
    let (udp, udp6) = (of("udp"), of("udp6"));
    let inet = local(&udp).map(|port| (port, Family::Inet));
    inet.chain(local(&udp6).map(|port| (port, Family::Inet6))).collect()
}

/// The local ports of the sockets of `/proc/net/udp` that have no peer (`udp4_format_sock()`): the second field is address
/// and port in hexadecimal, the third the peer's.
fn local(table: &str) -> impl Iterator<Item = u16> {
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
    fn an_open_socket_is_there() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(ports().contains(&(socket.local_addr().unwrap().port(), Family::Inet)));
    }

    #[test]
    fn a_connected_socket_serves_nobody() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     10: 00000000:0035 00000000:0000 07 0 0\n  11: 0100007F:C350 0100007F:0035 01 0 0\n  12: broken\n";
        assert_eq!(local(table).collect::<Vec<_>>(), [53]);
    }
}
