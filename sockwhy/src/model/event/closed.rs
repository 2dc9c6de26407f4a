//! `closed`: once for each connection that was seen to begin, when its life ends.

use super::begun::Begun;
use super::fields::{Fields, key};
use super::outcome::{Change, State};
use crate::model::errno::Errno;

/// A connection's life has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// How it began.
    pub begun: Begun,
    /// When: nanoseconds since the epoch.
    pub time: u64,
    /// Bytes that the program has sent, as far as they left the machine.
    pub bytes_sent: u64,
    /// Bytes that have come for the program.
    pub bytes_received: u64,
    /// Segments that were sent again, SYNs left out.
    pub retransmits: u32,
    /// Smoothed round-trip time in microseconds; `None` where nothing came back.
    pub rtt: Option<u32>,
    /// Who ended it, or what.
    pub closed_by: ClosedBy,
    /// The error that it ended with.
    pub error: Option<Errno>,
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// This end closed it first.
    Local,
    /// The other end closed it first.
    Peer,
    /// This end sent a RST: it closed with data unread, with `SO_LINGER` 0, or by `connect(AF_UNSPEC)`.
    ResetSent,
    /// The other end sent a RST.
    ResetReceived,
    /// Nothing came from the other end any more.
    Timeout,
}

impl ClosedBy {
    /// As users know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Peer => "peer",
            Self::ResetSent => "reset_sent",
            Self::ResetReceived => "reset_received",
            Self::Timeout => "timeout",
        }
    }

    /// The state that the connection leaves tells who has sent the first FIN (RFC 9293 §3.3.2). `tcp_reset()` sets the
    /// error of a RST; `tcp_write_err()` that of a timeout, or the last ICMP message's.
    const fn of(change: &Change) -> Self {
        match (change.error, change.state) {
            (Some(Errno::CONNRESET | Errno::PIPE | Errno::CONNREFUSED), _) => Self::ResetReceived,
            (Some(_), _) => Self::Timeout,
            (None, State::FinWait1 | State::FinWait2 | State::Closing | State::TimeWait) => Self::Local,
            (None, State::LastAck) => Self::Peer,
            (None, _) => Self::ResetSent,
        }
    }
}

impl Closed {
    /// What the change means for this connection. `syn_retransmits` are counted for the attempt.
    pub fn new(begun: Begun, syn_retransmits: u32, change: &Change) -> Self {
        Self {
            begun,
            time: change.time,
            bytes_sent: change.bytes_sent,
            bytes_received: change.bytes_received,
            retransmits: change.retransmits.saturating_sub(syn_retransmits),
            rtt: change.rtt,
            closed_by: ClosedBy::of(change),
            error: change.error,
        }
    }

    /// Nanoseconds from the beginning to the end.
    pub const fn duration(&self) -> u64 {
        self.time.saturating_sub(self.begun.flow().time)
    }

    pub(super) fn fields(&self, out: &mut impl Fields) {
        out.word(key!("role"), self.begun.role());
        out.number(key!("duration_ns"), Some(self.duration()));
        out.number(key!("bytes_sent"), Some(self.bytes_sent));
        out.number(key!("bytes_received"), Some(self.bytes_received));
        out.number(key!("retransmits"), Some(self.retransmits));
        out.number(key!("rtt_us"), self.rtt);
        out.word(key!("closed_by"), self.closed_by.as_str());
        out.optional_word(key!("error"), self.error.map(Errno::name));
    }
}
