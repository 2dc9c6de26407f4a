//! Why a socket has its label.

use std::{
    fmt::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::{Event, Flow, Label};
use crate::digits::{address, number, socket_address};

/// One sentence that is true of this socket, written where it is displayed. What the record does not tell it leaves out.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a>(pub(super) &'a Flow);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.event {
            Event::Connect => connected(self.0.label, self.0.peer.ip(), f)?,
            Event::Accept => accepted("accepted", self.0.local, Origin::of(self.0), self.0.label.ip_version(), f)?,
        }
        if self.0.mptcp { f.write_str("; the socket is MPTCP") } else { Ok(()) }
    }
}

/// A connect to the unspecified address has become one to loopback by the time it is seen (`tcp_v6_connect`,
/// `ip_route_connect`).
pub(crate) fn connected(label: Label, peer: IpAddr, f: &mut impl Write) -> fmt::Result {
    match label {
        Label::Ipv4 => f.write_str("connect() on an AF_INET socket, which carries IPv4 only"),
        Label::Ipv6 => f.write_str("connect() on an AF_INET6 socket to an IPv6 address"),
        Label::Ipv4OverAfInet6 => {
            f.write_str("connect() on an AF_INET6 socket to ::ffff:")?;
            address(f, peer)
        }
    }
}

/// `what` befalls a connection to `local` by a listener; `version` is that of IP to the peer.
pub(crate) fn accepted(what: &str, local: SocketAddr, origin: Origin, version: u8, f: &mut impl Write) -> fmt::Result {
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
pub(crate) enum Origin {
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
    /// `AF_INET6`; it took this peer, no more is known.
    TakesPeers,
}

impl Origin {
    /// A listener that could not have taken this peer is not believed: the descriptor may have been given another
    /// socket between the accept and the look at it.
    fn of(flow: &Flow) -> Self {
        match flow.label {
            Label::Ipv4 => Self::Inet,
            Label::Ipv4OverAfInet6 => match flow.listener {
                Some(listener) if listener.v6only => Self::TakesPeers,
                Some(listener) if listener.addr.is_unspecified() => Self::DualStack,
                Some(listener) => listener.addr.to_ipv4_mapped().map_or(Self::TakesPeers, Self::Mapped),
                None => Self::TakesPeers,
            },
            Label::Ipv6 => match flow.listener {
                Some(listener) if listener.addr.is_unspecified() && listener.v6only => Self::V6Only,
                Some(listener) if listener.addr.is_unspecified() => Self::DualStack,
                Some(listener) if listener.addr.to_ipv4_mapped().is_none() => Self::Native(listener.addr),
                _ => Self::from_child(flow),
            },
        }
    }

    /// What the accepted socket itself tells of its listener. Binding to an IPv6 address sets the option as well
    /// (`__inet6_bind`), so without it a listener that takes IPv6 is on `::`, for both. MPTCP binds its subflow instead
    /// of the socket that the application accepts.
    fn from_child(flow: &Flow) -> Self {
        match flow.v6only {
            Some(true) => Self::V6Only,
            Some(false) if !flow.mptcp => Self::DualStack,
            _ => Self::TakesPeers,
        }
    }
}
