//! Events: what the kernel's records mean. A module for each kind says how it is read and why its socket has its label;
//! `flow` has the fields that all kinds share.

mod accept;
mod connect;
mod error;
mod fields;
mod flow;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem::offset_of;

use bytemuck::try_pod_read_unaligned;
use sockwhy_common::Head;
pub use sockwhy_common::Kind;

pub use self::accept::{Accept, Listener};
pub use self::connect::Connect;
pub use self::error::DecodeError;
pub(crate) use self::fields::key;
pub use self::fields::{Fields, Key};
pub use self::flow::{Flow, Task};

/// Something that happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A SYN is being sent.
    Connect(Connect),
    /// A connection was handed to the process that accepted it.
    Accept(Accept),
}

impl Event {
    /// Reads a record as it comes from the ring buffer. `wall_clock` is what `CLOCK_REALTIME` is ahead of the records'
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    ///
    /// # Errors
    /// Says what is wrong with a record that the BPF programs cannot have written.
    pub fn decode(record: &[u8], wall_clock: u64) -> Result<Self, DecodeError> {
        let size = DecodeError::Size(record.len());
        let number = *record.get(offset_of!(Head, kind)).ok_or(size)?;
        let opened = || try_pod_read_unaligned(record).map_err(|_| size);
        match Kind::from_number(number) {
            Some(Kind::Connect) => Ok(Self::Connect(Connect::decode(&opened()?, wall_clock)?)),
            Some(Kind::Accept) => Ok(Self::Accept(Accept::decode(&opened()?, wall_clock)?)),
            None => Err(DecodeError::Kind(number)),
        }
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Connect(_) => Kind::Connect,
            Self::Accept(_) => Kind::Accept,
        }
    }

    /// To which connection, and when.
    #[must_use]
    pub const fn flow(&self) -> &Flow {
        match self {
            Self::Connect(Connect { flow, .. }) | Self::Accept(Accept { flow, .. }) => flow,
        }
    }

    /// Who did it.
    #[must_use]
    pub const fn task(&self) -> &Task {
        match self {
            Self::Connect(Connect { task, .. }) | Self::Accept(Accept { task, .. }) => task,
        }
    }

    /// Why the socket has its label: one sentence.
    #[must_use]
    pub const fn why(&self) -> Why<'_> {
        Why(self)
    }

    /// Hands every field to `out`, in the order that users see.
    pub fn fields(&self, out: &mut impl Fields) {
        let flow = self.flow();
        out.time(key!("time"), flow.time);
        out.word(key!("event"), self.kind().as_str());
        flow.fields(self.task(), out);
        out.sentence(key!("why"), &self.why());
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
        }
        if self.0.flow().mptcp { f.write_str("; the socket is MPTCP") } else { Ok(()) }
    }
}
