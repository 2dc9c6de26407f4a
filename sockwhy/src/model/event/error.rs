//! Records that cannot be read.

use thiserror::Error;

/// A record that does not mean what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Records of its kind have another length.
    #[error("a record of {0} bytes, which its kind never has")]
    Size(usize),
    /// No kind of event has this number.
    #[error("a record of the unknown kind {0}")]
    Kind(u8),
    /// The socket is neither `AF_INET` nor `AF_INET6`.
    #[error("a record of the address family {0}, neither AF_INET nor AF_INET6")]
    Family(u16),
}
