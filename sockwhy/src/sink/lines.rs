//! Events as lines on stdout.

use std::io;
use std::ops::ControlFlow;

use tokio::io::{AsyncWriteExt, Stdout, stdout};

use crate::model::event::Event;
use crate::pipeline::Sink;

/// Bytes of output that are gathered before they are written, at most.
const CHUNK: usize = 512 * 1024;

/// A way to write events as lines. Everything is appended to a buffer that the caller keeps, so that an event costs no
/// allocation, and a batch of them one write.
pub trait Format {
    /// What stands above the events.
    fn header(&self, out: &mut Vec<u8>);

    /// One event, as a line.
    fn event(&mut self, out: &mut Vec<u8>, event: &Event);
}

/// Writes events to stdout in batches.
pub struct Lines<F> {
    format: F,
    out: Stdout,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that stdout has taken.
    taken: usize,
    /// Events in `buffer`.
    waiting: u64,
    written: u64,
}

impl<F: Format> Lines<F> {
    /// With the header already in the buffer.
    pub fn new(format: F) -> Self {
        let mut buffer = Vec::with_capacity(CHUNK);
        format.header(&mut buffer);
        Self { format, out: stdout(), buffer, taken: 0, waiting: 0, written: 0 }
    }

    async fn write(&mut self) -> io::Result<()> {
        while self.taken < self.buffer.len() {
            // If this is cancelled nothing was taken, as tokio documents.
            match self.out.write(&self.buffer[self.taken..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                bytes => self.taken += bytes,
            }
        }
        self.out.flush().await
    }
}

impl<F: Format> Sink for Lines<F> {
    fn take(&mut self, event: &Event) -> ControlFlow<()> {
        self.format.event(&mut self.buffer, event);
        self.waiting += 1;
        if self.buffer.len() < CHUNK { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    async fn flush(&mut self) -> io::Result<bool> {
        match self.write().await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            Err(error) => return Err(error),
        }
        self.buffer.clear();
        self.taken = 0;
        self.written += std::mem::take(&mut self.waiting);
        Ok(true)
    }

    fn shown(&self) -> u64 {
        self.written
    }

    fn waiting(&self) -> u64 {
        self.waiting
    }
}
