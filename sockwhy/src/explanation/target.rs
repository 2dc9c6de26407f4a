//! What is to be explained.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

use crate::model::socket::{Entry, Sockets, State};

/// A process, a port, or one end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The sockets of this process.
    Process(u32),
    /// The sockets on this port.
    Port(u16),
    /// The socket with this address, or the listener that takes what comes to it. An IPv4-mapped address is kept as IPv4.
    Address(SocketAddr),
}

/// Text that is no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The part after the last colon is no port.
    #[error("'{0}' is no port, which is a number from 1 to 65535")]
    Port(String),
    /// An IPv6 address without brackets: where it ends and the port begins cannot be told.
    #[error("an IPv6 address stands in brackets: [{0}]:PORT")]
    Brackets(String),
    /// The part before the last colon is no address.
    #[error("'{0}' is no IP address; an address with its port looks like 10.0.0.20:80 or [::1]:80")]
    Address(String),
    /// Neither a number nor something with a colon.
    #[error("a target is a PID like 31307, a port like :4243, or an address and port like 10.0.0.20:80 or [::1]:80")]
    Form,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let Some((address, port)) = text.rsplit_once(':') else {
            /// The kernel's PIDs are positive `int`s.
            const MAX: u32 = i32::MAX.unsigned_abs();
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let pid = text.parse().ok().filter(|pid| is_number && (1..=MAX).contains(pid));
            return pid.map(Self::Process).ok_or(TargetError::Form);
        };
        let port = port_number(port).ok_or_else(|| TargetError::Port(port.to_owned()))?;
        let bracketed = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let parsed = match bracketed {
            Some(inside) => inside.parse().ok().map(IpAddr::V6),
            None => match address {
                // As ss writes a listener for both.
                "" | "*" => return Ok(Self::Port(port)),
                // As netstat writes it, which cannot mean anything else.
                "::" => Some(Ipv6Addr::UNSPECIFIED.into()),
                _ if address.parse::<Ipv6Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok() => {
                    return Err(TargetError::Brackets(address.to_owned()));
                }
                _ => address.parse().ok().map(IpAddr::V4),
            },
        };
        let address = parsed.ok_or_else(|| TargetError::Address(address.to_owned()))?;
        Ok(Self::Address(SocketAddr::new(address.to_canonical(), port)))
    }
}

fn port_number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(pid) => write!(f, "{pid}"),
            Self::Port(port) => write!(f, ":{port}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

impl Target {
    /// The sockets that are meant, and the listeners that they came from; none where nothing is.
    #[must_use]
    pub fn select(self, sockets: &Sockets) -> Vec<Entry<'_>> {
        let mut selected = match self {
            Self::Process(pid) => {
                find(sockets, |socket| socket.owners().unwrap_or_default().iter().any(|owner| owner.pid == Some(pid)))
            }
            Self::Port(port) => first_found([&|| find(sockets, |socket| socket.local.port() == port), &|| {
                find(sockets, |socket| socket.peer.is_some_and(|peer| peer.port() == port))
            }]),
            Self::Address(address) => first_found([
                &|| find(sockets, |socket| socket.local == address || socket.peer == Some(address)),
                &|| find(sockets, |socket| takes(socket, address)),
            ]),
        };
        let mut listeners: Vec<Entry<'_>> = Vec::new();
        for listener in selected.iter().filter_map(Entry::listener) {
            if !listeners.contains(&listener) {
                listeners.push(listener);
            }
        }
        listeners.retain(|listener| !selected.contains(listener));
        selected.extend(listeners);
        // Listeners first, as the others come from them; then by address, as the kernel's order means nothing.
        selected.sort_by_key(|socket| {
            let is_end = (socket.state != State::Listen, socket.listener().is_none());
            (is_end, socket.local.port(), socket.local.ip(), socket.peer, socket.cookie)
        });
        selected
    }
}

fn find(sockets: &Sockets, is_meant: impl Fn(Entry<'_>) -> bool) -> Vec<Entry<'_>> {
    sockets.iter().filter(|socket| is_meant(*socket)).collect()
}

fn first_found<'a>(searches: [&dyn Fn() -> Vec<Entry<'a>>; 2]) -> Vec<Entry<'a>> {
    searches.into_iter().map(|search| search()).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Whether a listener on any address takes what comes to this one.
fn takes(socket: Entry<'_>, address: SocketAddr) -> bool {
    let version = if address.is_ipv4() { 4 } else { 6 };
    socket.state == State::Listen
        && socket.local.port() == address.port()
        && socket.local.ip().is_unspecified()
        && socket.label.ip_version().is_none_or(|taken| taken == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        text.parse::<Target>().map(|target| format!("{target:?}")).map_err(|error| error.to_string())
    }

    #[test]
    fn targets_are_written_as_netstat_and_ss_write_them() {
        for (text, target) in [
            ("31307", "Process(31307)"),
            (":4243", "Port(4243)"),
            ("*:4243", "Port(4243)"),
            ("10.0.0.20:80", "Address(10.0.0.20:80)"),
            ("0.0.0.0:80", "Address(0.0.0.0:80)"),
            ("[::1]:80", "Address([::1]:80)"),
            (":::80", "Address([::]:80)"),
            ("[::ffff:10.0.0.20]:80", "Address(10.0.0.20:80)"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(target), "{text}");
        }
    }

    #[test]
    fn a_wrong_target_says_what_would_be_right() {
        for (text, error) in [
            (":99999", "'99999' is no port, which is a number from 1 to 65535"),
            (":0", "'0' is no port"),
            (":", "'' is no port"),
            (":+80", "'+80' is no port"),
            ("10.0.0.20:http", "'http' is no port"),
            ("::1:80", "an IPv6 address stands in brackets: [::1]:PORT"),
            ("fe80::1", "an IPv6 address stands in brackets"),
            ("10.0.0:80", "'10.0.0' is no IP address"),
            ("[10.0.0.20]:80", "'[10.0.0.20]' is no IP address"),
            ("localhost:80", "'localhost' is no IP address"),
            ("java", "a target is a PID"),
            ("0", "a target is a PID"),
            ("-1", "a target is a PID"),
            ("+1", "a target is a PID"),
            ("2147483648", "a target is a PID"),
            ("", "a target is a PID"),
        ] {
            let message = parsed(text).expect_err(text);
            assert!(message.contains(error), "{text}: {message}");
            assert!(!message.contains('\n'));
        }
    }

    #[test]
    fn targets_are_shown_as_they_can_be_written() {
        for text in ["31307", ":4243", "10.0.0.20:80", "[::1]:80"] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()).as_deref(), Ok(text));
        }
    }
}
