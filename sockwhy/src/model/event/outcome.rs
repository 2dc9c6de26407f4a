//! What the kernel tells of a connection that has begun: it was established, or its life has ended.

use std::net::SocketAddr;

use sockwhy_common::Outcome;

use super::error::DecodeError;
use crate::model::Family;
use crate::model::errno::Errno;
use crate::model::record::{address, known};

/// A change in the life of a connection. Who made or accepted it is known by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The same number as the beginning's.
    pub socket: u64,
    /// When: nanoseconds since the epoch.
    pub time: u64,
    /// The socket's cookie.
    pub cookie: Option<u64>,
    /// The socket's own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    /// The state that it leaves.
    pub state: State,
    /// The socket's error.
    pub error: Option<Errno>,
    /// Bytes of data sent, each counted once.
    pub bytes_sent: u64,
    /// Bytes of data received.
    pub bytes_received: u64,
    /// Segments sent again, SYNs included.
    pub retransmits: u32,
    /// Smoothed round-trip time in microseconds.
    pub rtt: Option<u32>,
    /// Nobody had accepted it.
    pub in_queue: bool,
}

/// A state of TCP that a connection can leave (RFC 9293 §3.3.2), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The connection is being made.
    Opening,
    /// Data can go both ways, or the peer has closed its.
    Open,
    /// This end has closed its direction.
    FinWait1,
    /// This end has closed its direction, which the peer has acknowledged.
    FinWait2,
    /// Both ends have closed at once.
    Closing,
    /// Both ends have closed, the peer first.
    LastAck,
    /// Both ends have closed, this one first.
    TimeWait,
}

impl State {
    /// By its number in the kernel (`enum tcp_state`).
    const fn from_number(number: u8) -> Self {
        match number {
            2 | 3 => Self::Opening,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            9 => Self::LastAck,
            11 => Self::Closing,
            _ => Self::Open,
        }
    }
}

impl Change {
    pub(super) fn decode(record: &Outcome, wall_clock: u64) -> Result<Self, DecodeError> {
        let head = &record.head;
        let family = Family::from_number(head.family).ok_or(DecodeError::Family(head.family))?;
        Ok(Self {
            socket: record.socket,
            time: head.time.wrapping_add(wall_clock),
            cookie: known(head.cookie),
            local: SocketAddr::new(address(family, head.local_addr), head.local_port),
            peer: SocketAddr::new(address(family, head.peer_addr), head.peer_port),
            state: State::from_number(record.state),
            error: known(record.error).map(Errno),
            bytes_sent: record.bytes_sent,
            bytes_received: record.bytes_received,
            retransmits: record.retransmits,
            rtt: known(record.rtt),
            in_queue: record.in_queue != 0,
        })
    }
}
