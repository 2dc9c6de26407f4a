//! Events: what the hooks write into the ring buffer. Every kind begins with the same [`Head`] and has a size of its own.

mod head;
mod opened;
mod outcome;

pub use self::head::{Head, flags};
pub use self::opened::Opened;
pub use self::outcome::Outcome;

/// `AF_INET`, the same on every architecture.
pub const AF_INET: u16 = 2;
/// `AF_INET6`, the same on every architecture.
pub const AF_INET6: u16 = 10;

/// What happened.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A SYN is being sent. The record is an [`Opened`].
    Connect = 1,
    /// A connection was handed to the process that accepted it. The record is an [`Opened`].
    Accept = 2,
    /// An attempt to connect came to nothing. No record has this kind: userspace knows it by the [`Kind::Closed`] of a
    /// connection that was not established.
    Failed = 3,
    /// An attempt to connect was answered. The record is an [`Outcome`].
    Established = 4,
    /// A connection's life has ended. The record is an [`Outcome`].
    Closed = 5,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Connect, Self::Accept, Self::Failed, Self::Established, Self::Closed];

    /// The kind that has this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Failed => "failed",
            Self::Established => "established",
            Self::Closed => "closed",
        }
    }
}
