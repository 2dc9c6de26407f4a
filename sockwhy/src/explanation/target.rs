//! What is to be explained.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

use crate::model::Sanitized;

/// A process, a port, or one end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The sockets of this process.
    Process(u32),
    /// The sockets on this port.
    Port(u16),
    /// The socket with this address, or the listener that takes what comes to it. An IPv4-mapped address is kept as IPv4.
    Address(SocketAddr, Option<Zone>),
}

/// The device of a link-local address (RFC 4007 §11), by name or index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Padded with NUL.
    name: [u8; Self::SIZE],
}

/// Text that is no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The part after the last colon is no port.
    #[error("'{0}' is not a port, which is a number from 1 to 65535")]
    Port(String),
    /// An IPv6 address without brackets: it is unclear where it ends and the port begins.
    #[error("an IPv6 address stands in brackets: [{0}]:PORT")]
    Brackets(String),
    /// The part before the last colon is no address.
    #[error("'{0}' is not an IP address; an address with its port looks like 10.0.0.20:80 or [::1]:80")]
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
        let (parsed, zone) = match bracketed(address) {
            Some((inside, zone)) => (inside.parse().ok().map(IpAddr::V6), zone),
            None => match address {
                // As ss writes a listener for both.
                "" | "*" => return Ok(Self::Port(port)),
                // As netstat writes it, which cannot mean anything else.
                "::" => (Some(Ipv6Addr::UNSPECIFIED.into()), None),
                _ if is_ipv6(address) || is_ipv6(text) => {
                    return Err(TargetError::Brackets(address.to_owned()));
                }
                _ => (address.parse().ok().map(IpAddr::V4), None),
            },
        };
        let zone = zone.map(Zone::from_str).transpose();
        let (Some(parsed), Ok(zone)) = (parsed, zone) else { return Err(TargetError::Address(address.to_owned())) };
        Ok(Self::Address(SocketAddr::new(parsed.to_canonical(), port), zone))
    }
}

/// What stands in brackets, and the zone: in them, or as ss writes it, behind them.
fn bracketed(address: &str) -> Option<(&str, Option<&str>)> {
    let (inside, behind) = address.strip_prefix('[')?.rsplit_once(']')?;
    match (inside.split_once('%'), behind.strip_prefix('%')) {
        (Some((inside, zone)), None) if behind.is_empty() => Some((inside, Some(zone))),
        (None, Some(zone)) => Some((inside, Some(zone))),
        (None, None) if behind.is_empty() => Some((inside, None)),
        _ => None,
    }
}

/// Whether it is an IPv6 address, with a zone or without.
fn is_ipv6(text: &str) -> bool {
    text.split('%').next().unwrap_or(text).parse::<Ipv6Addr>().is_ok()
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
            Self::Address(address, Some(zone)) => write!(f, "[{}%{zone}]:{}", address.ip(), address.port()),
            Self::Address(address, None) => write!(f, "{address}"),
        }
    }
}

impl Target {
    /// The port that is asked about.
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Process(_) => None,
            Self::Port(port) => Some(port),
            Self::Address(address, _) => Some(address.port()),
        }
    }
}

impl Zone {
    /// `IFNAMSIZ` (`include/uapi/linux/if.h`).
    const SIZE: usize = 16;

    fn as_bytes(&self) -> &[u8] {
        let length = self.name.iter().position(|byte| *byte == 0).unwrap_or(Self::SIZE);
        &self.name[..length]
    }

    /// Whether it is the device with this index and name.
    pub(super) fn is(self, index: u32, name: Option<&String>) -> bool {
        name.is_some_and(|name| name.as_bytes() == self.as_bytes()) || index.to_string().as_bytes() == self.as_bytes()
    }
}

impl FromStr for Zone {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut name = [0; Self::SIZE];
        match text.len() {
            1..Self::SIZE => name[..text.len()].copy_from_slice(text.as_bytes()),
            _ => return Err(()),
        }
        Ok(Self { name })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sanitized::Text(self.as_bytes()).fmt(f)
    }
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
            ("10.0.0.20:80", "Address(10.0.0.20:80, None)"),
            ("0.0.0.0:80", "Address(0.0.0.0:80, None)"),
            ("[::1]:80", "Address([::1]:80, None)"),
            (":::80", "Address([::]:80, None)"),
            ("[::ffff:10.0.0.20]:80", "Address(10.0.0.20:80, None)"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(target), "{text}");
        }
        for text in ["[fe80::1%eth0]:80", "[fe80::1]%eth0:80"] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()).as_deref(), Ok("[fe80::1%eth0]:80"));
        }
    }

    #[test]
    fn a_wrong_target_says_what_would_be_right() {
        for (text, error) in [
            (":99999", "'99999' is not a port, which is a number from 1 to 65535"),
            (":0", "'0' is not a port"),
            (":", "'' is not a port"),
            (":+80", "'+80' is not a port"),
            ("10.0.0.20:http", "'http' is not a port"),
            ("::1:80", "an IPv6 address stands in brackets: [::1]:PORT"),
            ("fe80::1", "an IPv6 address stands in brackets"),
            ("10.0.0:80", "'10.0.0' is not an IP address"),
            ("[10.0.0.20]:80", "'[10.0.0.20]' is not an IP address"),
            ("localhost:80", "'localhost' is not an IP address"),
            ("fe80::1%eth0:80", "an IPv6 address stands in brackets"),
            ("[fe80::1%]:80", "'[fe80::1%]' is not an IP address"),
            ("[fe80::1%a]%b:80", "'[fe80::1%a]%b' is not an IP address"),
            ("[fe80::1%a-name-that-is-too-long]:80", "is not an IP address"),
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
        for text in ["31307", ":4243", "10.0.0.20:80", "[::1]:80", "[fe80::1%3]:80"] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()).as_deref(), Ok(text));
        }
    }
}
