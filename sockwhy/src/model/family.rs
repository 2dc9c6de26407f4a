//! The address family of a socket.

use sockwhy_common::{AF_INET, AF_INET6};

/// A socket's address family (`sk_family`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inet, Self::Inet6];

    /// The family that has this number.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            AF_INET => Some(Self::Inet),
            AF_INET6 => Some(Self::Inet6),
            _ => None,
        }
    }

    /// The name of the constant: `AF_INET` or `AF_INET6`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inet => "AF_INET",
            Self::Inet6 => "AF_INET6",
        }
    }

    /// The family on the command line: `inet` or `inet6`.
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Inet => "inet",
            Self::Inet6 => "inet6",
        }
    }

    /// How netstat lists TCP sockets of this family: `tcp` or `tcp6`. It knows them from `/proc/net/tcp` and
    /// `/proc/net/tcp6`, which the kernel fills by `sk_family` alone (`tcp4_seq_show`, `tcp6_seq_show`).
    pub const fn netstat(self) -> &'static str {
        match self {
            Self::Inet => "tcp",
            Self::Inet6 => "tcp6",
        }
    }
}
