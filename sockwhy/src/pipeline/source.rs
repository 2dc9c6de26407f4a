//! Events from the ring, as they come, at the least cost to the machine that makes them.
//!
//! Waking a reader costs the connecting task more than everything else that a trace does to it. So the programs wake it
//! once, when the first event comes after a pause; from then on the reader looks by itself every tick until two
//! looks in a row have found nothing, and sleeps until it is woken again. An idle trace costs nothing at all, a busy one
//! a look at the ring now and then, and an event is never older than a tick when it is read.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time;

use crate::kernel::Ring;

/// How often the reader looks at the ring while events come.
const TICK: Duration = Duration::from_millis(10);

/// Looks in a row that find nothing before the reader sleeps.
const QUIET: u8 = 2;

/// The reader's end of the ring, on the runtime.
pub(super) struct Source {
    ring: Ring,
    /// Readable while there are records in the ring.
    ready: AsyncFd<OwnedFd>,
    /// Looks in a row that have found nothing.
    quiet: u8,
}

impl Source {
    /// Registers the ring with the runtime.
    ///
    /// # Errors
    /// Where epoll refuses it.
    pub(super) fn new(ring: Ring) -> io::Result<Self> {
        Ok(Self { ready: watch(&ring)?, ring, quiet: 0 })
    }

    /// Waits until it is worth looking at the ring.
    ///
    /// # Errors
    /// Where the kernel does not let the reader ask to be woken, or epoll fails.
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        if self.quiet >= QUIET {
            self.ring.ask_to_be_woken().map_err(io::Error::other)?;
            // A record that was begun before that is sent without waking.
            if !self.has_records()? {
                self.ready.readable().await?.clear_ready();
                self.quiet = 0;
                return Ok(());
            }
        }
        // The programs wake the reader before its tick where the ring fills fast.
        match time::timeout(TICK, self.ready.readable()).await {
            Ok(ready) => ready?.clear_ready(),
            Err(_elapsed) => {}
        }
        Ok(())
    }

    /// Whether there are records in the ring. Records that are still being written count too (`ringbuf_map_poll_kern`).
    fn has_records(&self) -> io::Result<bool> {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        Ok(poll(&mut [PollFd::new(&self.ring, PollFlags::IN)], Some(&now))? > 0)
    }

    /// Hands the records in the ring to `read` until it is empty, or `read` breaks off.
    pub(super) fn drain(&mut self, mut read: impl FnMut(&[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let mut found = false;
        while flow.is_continue() && self.ring.next(|record| flow = read(record)) {
            found = true;
        }
        self.quiet = if found { 0 } else { self.quiet.saturating_add(1) };
        flow
    }

    /// The ring and the counts beside it.
    pub(super) fn ring(&self) -> &Ring {
        &self.ring
    }
}

/// Has the runtime watch a map of the kernel's until it can be read.
///
/// # Errors
/// Where there are too many descriptors, or epoll refuses it.
pub(super) fn watch(map: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    let descriptor = map.as_fd().try_clone_to_owned()?;
    // SAFETY: an `OwnedFd` is open and stays the same for as long as the `AsyncFd` owns it.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }.map_err(io::Error::from)
}
