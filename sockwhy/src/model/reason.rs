//! Sentences on why a socket has its label: what those of events and of a listing's sockets have in common.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::format::{address, number, socket_address};
use super::label::Label;

/// Writes why a connection that was made has its label. A connect to the unspecified address has become one to loopback
/// by the time it is seen (`tcp_v6_connect`, `ip_route_connect`).
pub(super) fn connected(label: Label, peer: IpAddr, f: &mut impl Write) -> fmt::Result {
    match label {
        Label::Ipv4 => f.write_str("connect() on an AF_INET socket, which carries IPv4 only"),
        Label::Ipv4OverAfInet6 => {
            f.write_str("connect() on an AF_INET6 socket to ::ffff:")?;
            address(f, peer)
        }
        _ => f.write_str("connect() on an AF_INET6 socket to an IPv6 address"),
    }
}

/// Writes why a connection that came from a listener has its label. `what` happened to the connection to `local`.
pub(super) fn accepted(what: &str, local: SocketAddr, origin: Origin, peer: IpAddr, f: &mut impl Write) -> fmt::Result {
    let version: u8 = if peer.is_ipv4() { 4 } else { 6 };
    f.write_str(what)?;
    if let Origin::Mapped(_) = origin {
        f.write_str(" on ")?;
        socket_address(f, local)?;
    } else {
        f.write_str(" on port ")?;
        number(f, local.port())?;
    }
    f.write_str(" by ")?;
    match origin {
        Origin::Inet => return f.write_str("an AF_INET listener, which takes IPv4 only"),
        Origin::DualStack => f.write_str("a dual-stack AF_INET6 listener")?,
        Origin::V6Only => f.write_str("an IPv6-only AF_INET6 listener")?,
        Origin::Native(bound) => write!(f, "an AF_INET6 listener bound to one IPv6 address, {bound}")?,
        Origin::Mapped(bound) => {
            write!(f, "an AF_INET6 listener bound to the IPv4-mapped address ::ffff:{bound}")?;
        }
        Origin::TakesPeers => write!(f, "an AF_INET6 listener that takes IPv{version}")?,
    }
    f.write_str("; the peer is IPv")?;
    number(f, version)
}

/// What kind of listener an accepted socket comes from. They are of one family: the child is the listener's clone
/// (`sk_clone_lock`).
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`, on `::`, for both versions.
    DualStack,
    /// `AF_INET6` with `IPV6_V6ONLY`.
    V6Only,
    /// `AF_INET6`, bound to an IPv6 address: IPv6 only.
    Native(Ipv6Addr),
    /// `AF_INET6`, bound to an IPv4-mapped address: IPv4 only.
    Mapped(Ipv4Addr),
    /// `AF_INET6`. No more is known than that it took this peer.
    TakesPeers,
}
