//! Writing to stdout, all at once.

use std::io::{self, Write};

use crate::exit::IoFailure;

/// Writes to stdout. A closed pipe is no error.
pub(crate) fn print(text: &[u8]) -> Result<(), IoFailure> {
    let mut stdout = io::stdout().lock();
    unless_unread(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// The result of writing to stdout. A closed pipe is no error.
pub(crate) fn unless_unread(written: io::Result<()>) -> Result<(), IoFailure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(IoFailure("cannot write to stdout", error)),
        _ => Ok(()),
    }
}
