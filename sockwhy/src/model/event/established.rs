//! `established`: once for each attempt that was answered.

use super::begun::Begun;
use super::fields::{Fields, key};
use super::outcome::Change;

/// An attempt to connect was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Established {
    /// How it began.
    pub begun: Begun,
    /// When: nanoseconds since the epoch.
    pub time: u64,
    /// SYNs that were sent again.
    pub syn_retransmits: u32,
}

impl Established {
    /// What the change means for this connection.
    pub const fn new(begun: Begun, change: &Change) -> Self {
        Self { begun, time: change.time, syn_retransmits: change.retransmits }
    }

    /// Nanoseconds from the first SYN to the answer.
    pub const fn handshake(&self) -> u64 {
        self.time.saturating_sub(self.begun.flow().time)
    }

    pub(super) fn fields(&self, out: &mut impl Fields) {
        out.number(key!("handshake_ns"), Some(self.handshake()));
        out.number(key!("syn_retransmits"), Some(self.syn_retransmits));
    }
}
