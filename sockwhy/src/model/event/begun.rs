//! How a connection began.

use std::fmt::{self, Write};

use super::accept::Accept;
use super::connect::Connect;
use super::flow::{Flow, Task};

/// The beginning of a connection: who made or accepted it, and why its socket has its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was made.
    Connect(Connect),
    /// It was accepted.
    Accept(Accept),
}

impl Begun {
    /// The connection, and when it began.
    pub const fn flow(&self) -> &Flow {
        match self {
            Self::Connect(Connect { flow, .. }) | Self::Accept(Accept { flow, .. }) => flow,
        }
    }

    /// Who did it.
    pub const fn task(&self) -> &Task {
        match self {
            Self::Connect(Connect { task, .. }) | Self::Accept(Accept { task, .. }) => task,
        }
    }

    /// The part that this machine's socket has in it.
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Connect(_) => "client",
            Self::Accept(_) => "server",
        }
    }

    pub(super) fn why(&self, f: &mut impl Write) -> fmt::Result {
        match self {
            Self::Connect(connect) => connect.why(f),
            Self::Accept(accept) => accept.why(f),
        }
    }
}
