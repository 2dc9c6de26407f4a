//! `connect`: once for each attempt that sends a SYN.

use std::fmt::{self, Write};

use sockwhy_common::Opened;

use super::error::DecodeError;
use super::flow::{Flow, Task};
use crate::model::reason::connected;

/// A SYN is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The connection.
    pub flow: Flow,
    /// Who connects.
    pub task: Task,
}

impl Connect {
    pub(super) fn decode(record: &Opened, wall_clock: u64) -> Result<Self, DecodeError> {
        Ok(Self { flow: Flow::decode(&record.head, record.netns, wall_clock)?, task: Task::decode(record) })
    }

    pub(super) fn why(&self, f: &mut impl Write) -> fmt::Result {
        connected(self.flow.label, self.flow.peer.ip(), f)
    }
}
