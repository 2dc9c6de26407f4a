//! Events: what the kernel's records mean. A module for each kind says how it is read and why its socket has its label;
//! `flow` has the fields that all kinds share.

mod accept;
mod begun;
mod closed;
mod connect;
mod error;
mod established;
mod failed;
mod fields;
mod flow;
mod outcome;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem::offset_of;

use bytemuck::try_pod_read_unaligned;
pub use sockwhy_common::Kind;
use sockwhy_common::{Head, Opened, Outcome};

pub use self::accept::{Accept, Listener};
pub use self::begun::Begun;
pub use self::closed::{Closed, ClosedBy};
pub use self::connect::Connect;
pub use self::error::DecodeError;
pub use self::established::Established;
pub use self::failed::Failed;
pub(crate) use self::fields::key;
pub use self::fields::{Fields, Key};
pub use self::flow::{Flow, Task};
pub use self::outcome::{Change, State};

/// What a record of the ring buffer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A connection has begun, on the socket of this number.
    Begun(u64, Begun),
    /// A connection was established.
    Established(Change),
    /// A connection's life has ended, or that of an attempt.
    Closed(Change),
}

impl Record {
    /// Reads a record as it comes from the ring buffer. `wall_clock` is what `CLOCK_REALTIME` is ahead of the records'
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    ///
    /// # Errors
    /// Says what is wrong with a record that the BPF programs cannot have written.
    pub fn decode(record: &[u8], wall_clock: u64) -> Result<Self, DecodeError> {
        let size = DecodeError::Size(record.len());
        let number = *record.get(offset_of!(Head, kind)).ok_or(size)?;
        let opened = || try_pod_read_unaligned::<Opened>(record).map_err(|_| size);
        let change = || {
            let outcome: Outcome = try_pod_read_unaligned(record).map_err(|_| size)?;
            Change::decode(&outcome, wall_clock)
        };
        match Kind::from_number(number) {
            Some(Kind::Connect) => {
                let opened = opened()?;
                Ok(Self::Begun(opened.socket, Begun::Connect(Connect::decode(&opened, wall_clock)?)))
            }
            Some(Kind::Accept) => {
                let opened = opened()?;
                Ok(Self::Begun(opened.socket, Begun::Accept(Accept::decode(&opened, wall_clock)?)))
            }
            Some(Kind::Established) => change().map(Self::Established),
            Some(Kind::Closed) => change().map(Self::Closed),
            Some(Kind::Failed) | None => Err(DecodeError::Kind(number)),
        }
    }
}

/// Something that happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A SYN is being sent.
    Connect(Connect),
    /// A connection was handed to the process that accepted it.
    Accept(Accept),
    /// An attempt to connect came to nothing.
    Failed(Failed),
    /// An attempt to connect was answered.
    Established(Established),
    /// A connection's life has ended.
    Closed(Closed),
}

impl From<Begun> for Event {
    fn from(begun: Begun) -> Self {
        match begun {
            Begun::Connect(connect) => Self::Connect(connect),
            Begun::Accept(accept) => Self::Accept(accept),
        }
    }
}

impl Event {
    /// What happened.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Connect(_) => Kind::Connect,
            Self::Accept(_) => Kind::Accept,
            Self::Failed(_) => Kind::Failed,
            Self::Established(_) => Kind::Established,
            Self::Closed(_) => Kind::Closed,
        }
    }

    /// When it happened: nanoseconds since the epoch.
    pub const fn time(&self) -> u64 {
        match self {
            Self::Connect(Connect { flow, .. }) | Self::Accept(Accept { flow, .. }) => flow.time,
            Self::Failed(Failed { time, .. })
            | Self::Established(Established { time, .. })
            | Self::Closed(Closed { time, .. }) => *time,
        }
    }

    /// To which connection.
    pub const fn flow(&self) -> &Flow {
        match self {
            Self::Connect(Connect { flow, .. }) | Self::Accept(Accept { flow, .. }) => flow,
            Self::Failed(Failed { begun, .. })
            | Self::Established(Established { begun, .. })
            | Self::Closed(Closed { begun, .. }) => begun.flow(),
        }
    }

    /// Who made or accepted it.
    pub const fn task(&self) -> &Task {
        match self {
            Self::Connect(Connect { task, .. }) | Self::Accept(Accept { task, .. }) => task,
            Self::Failed(Failed { begun, .. })
            | Self::Established(Established { begun, .. })
            | Self::Closed(Closed { begun, .. }) => begun.task(),
        }
    }

    /// Why the socket has its label: one sentence.
    pub const fn why(&self) -> Why<'_> {
        Why(self)
    }

    /// Hands every field to `out`, in the order that users see.
    pub fn fields(&self, out: &mut impl Fields) {
        let flow = self.flow();
        out.time(key!("time"), self.time());
        out.word(key!("event"), self.kind().as_str());
        flow.fields(self.task(), out);
        out.sentence(key!("why"), &self.why());
        match self {
            Self::Connect(_) | Self::Accept(_) => {}
            Self::Failed(failed) => failed.fields(out),
            Self::Established(established) => established.fields(out),
            Self::Closed(closed) => closed.fields(out),
        }
    }
}

/// One sentence that is true of this socket, written where it is displayed. It leaves out what the record does not tell.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a>(&'a Event);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::Connect(connect) => connect.why(f)?,
            Event::Accept(accept) => accept.why(f)?,
            Event::Failed(Failed { begun, .. })
            | Event::Established(Established { begun, .. })
            | Event::Closed(Closed { begun, .. }) => begun.why(f)?,
        }
        if self.0.flow().mptcp { f.write_str("; the socket is MPTCP") } else { Ok(()) }
    }
}
