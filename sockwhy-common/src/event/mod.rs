//! Events: what the hooks write into the ring buffer. Every kind begins with the same [`Head`] and has a size of its own.

mod head;
mod opened;

pub use self::head::{Head, flags};
pub use self::opened::Opened;

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
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Connect, Self::Accept];

    /// The kind that has this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
        }
    }
}
