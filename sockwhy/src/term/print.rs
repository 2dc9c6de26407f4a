//! Writing to stdout at once.

use std::io::{self, Write};

use crate::exit::IoFailure;

/// Writes to stdout. A reader that has gone away is no error.
pub(crate) fn print(text: &[u8]) -> Result<(), IoFailure> {
    let mut stdout = io::stdout().lock();
    unless_unread(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// What writing to stdout gave, unless it failed as nobody reads any more.
pub(crate) fn unless_unread(written: io::Result<()>) -> Result<(), IoFailure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(IoFailure("cannot write to stdout", error)),
        _ => Ok(()),
    }
}
