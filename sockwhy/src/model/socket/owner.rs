//! Who holds sockets open.

use std::fmt;

use sockwhy_common::OwnerRecord;

use crate::model::record::known;
use crate::model::{Name, Sanitized, format};

/// A process that holds a socket open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `None` where sockwhy's PID namespace cannot see it.
    pub pid: Option<u32>,
    /// Its name.
    pub process: Name,
    /// Its descriptor of the socket.
    pub fd: u32,
}

impl Owner {
    /// Writes PID and name as netstat does, safe for a terminal.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self.pid {
            Some(pid) => format::number(out, pid)?,
            None => out.write_char('-')?,
        }
        out.write_char('/')?;
        Sanitized::Text(self.process.as_bytes()).write(out)
    }
}

/// A descriptor of a process that is a socket, of TCP or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Inode number of the socket's file.
    pub inode: u64,
    /// Who has it.
    pub owner: Owner,
}

impl From<&OwnerRecord> for Descriptor {
    fn from(record: &OwnerRecord) -> Self {
        Self {
            inode: record.inode,
            owner: Owner { pid: known(record.pid), process: record.process.into(), fd: record.fd },
        }
    }
}
