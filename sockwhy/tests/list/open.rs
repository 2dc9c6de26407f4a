//! Listeners and clients of every kind, opened.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use crate::kinds::{Client, Listener};
use crate::outcome::Outcome;

impl Listener {
    pub(crate) fn open(self, kind: Option<Protocol>) -> io::Result<Socket> {
        let (domain, v6only, address): (_, _, SocketAddr) = match self {
            Self::Inet => (Domain::IPV4, None, (Ipv4Addr::UNSPECIFIED, 0).into()),
            Self::DualStack => (Domain::IPV6, Some(false), (Ipv6Addr::UNSPECIFIED, 0).into()),
            Self::V6Only => (Domain::IPV6, Some(true), (Ipv6Addr::UNSPECIFIED, 0).into()),
            Self::Loopback6 => (Domain::IPV6, Some(false), (Ipv6Addr::LOCALHOST, 0).into()),
            Self::Mapped => (Domain::IPV6, Some(false), (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0).into()),
        };
        let socket = Socket::new(domain, Type::STREAM, kind)?;
        if let Some(v6only) = v6only {
            socket.set_only_v6(v6only)?;
        }
        socket.bind(&address.into())?;
        socket.listen(64)?;
        Ok(socket)
    }
}

impl Client {
    pub(crate) fn open(self, kind: Option<Protocol>) -> io::Result<Socket> {
        Socket::new(if self == Self::Inet { Domain::IPV4 } else { Domain::IPV6 }, Type::STREAM, kind)
    }
}

/// The port that it is bound to.
pub(crate) fn port(socket: &Socket) -> Outcome<u16> {
    Ok(socket.local_addr()?.as_socket().expect("it is of the internet").port())
}
