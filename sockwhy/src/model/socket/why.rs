//! Why a socket has its label.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv6Addr};

use super::socket::Opening;
use super::sockets::Entry;
use super::state::State;
use crate::model::Label;
use crate::model::format::address;
use crate::model::reason::{Origin, accepted, connected};

/// One sentence that is true of this socket, written where it is displayed.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a>(Entry<'a>);

impl<'a> Entry<'a> {
    /// Why it has its label: one sentence.
    pub fn why(self) -> Why<'a> {
        Why(self)
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Why<'_> {
    /// Writes it to `f`.
    pub(crate) fn write(&self, f: &mut impl Write) -> fmt::Result {
        let socket = self.0;
        match (socket.listener(), socket.peer.map(|peer| peer.ip())) {
            (Some(listener), Some(peer)) => {
                f.write_str(socket.probably())?;
                accepted(progress(socket), socket.local, origin(listener), peer, f)?;
            }
            (None, Some(peer)) if socket.has_connected() => {
                f.write_str(socket.probably())?;
                connected(socket.label, peer, f)?;
            }
            (None, Some(peer)) => {
                if socket.opening == Some(Opening::Passive) {
                    f.write_str("accepted by a listener that is not there now: ")?;
                }
                match socket.label {
                    Label::Ipv4 => f.write_str("an AF_INET socket carries IPv4 only")?,
                    Label::Ipv4OverAfInet6 => {
                        f.write_str("an AF_INET6 socket whose peer is ::ffff:")?;
                        address(f, peer)?;
                    }
                    _ => f.write_str("an AF_INET6 socket whose peer is an IPv6 address")?,
                }
            }
            (_, None) => listens(socket, f)?,
        }
        if let Some(other) = socket.other_end() {
            f.write_str("; the other end is ")?;
            if let Some([owner, ..]) = other.owners() {
                owner.write(f)?;
                f.write_str(", ")?;
            }
            f.write_str(other.family.as_str())?;
        }
        if socket.mptcp { f.write_str("; the socket is MPTCP") } else { Ok(()) }
    }
}

/// How far a connection that came from a listener has got.
fn progress(socket: Entry<'_>) -> &'static str {
    match socket.state {
        // Without a file nobody has accepted it.
        State::SynRecv => "to be accepted",
        State::Established | State::CloseWait if socket.inode.is_none() => "to be accepted",
        _ => "accepted",
    }
}

fn origin(listener: Entry<'_>) -> Origin {
    match (listener.label, listener.local.ip()) {
        (Label::Ipv4, _) => Origin::Inet,
        (Label::DualStack, _) => Origin::DualStack,
        (_, IpAddr::V4(address)) => Origin::Mapped(address),
        (_, IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => Origin::V6Only,
        (_, IpAddr::V6(address)) => Origin::Native(address),
    }
}

fn listens(socket: Entry<'_>, f: &mut impl Write) -> fmt::Result {
    match origin(socket) {
        Origin::Inet => f.write_str("an AF_INET listener takes IPv4 only"),
        Origin::V6Only => f.write_str("an AF_INET6 listener with IPV6_V6ONLY takes IPv6 only"),
        Origin::Native(address) => {
            write!(f, "an AF_INET6 listener bound to one IPv6 address, {address}, takes IPv6 only")
        }
        Origin::Mapped(address) => {
            write!(f, "an AF_INET6 listener bound to the IPv4-mapped address ::ffff:{address} takes IPv4 only")
        }
        Origin::DualStack | Origin::TakesPeers => {
            f.write_str("an AF_INET6 listener on :: without IPV6_V6ONLY takes IPv4 as well as IPv6")
        }
    }
}
