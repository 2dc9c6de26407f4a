//! What ends a run from outside.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{self, Instant};

/// SIGINT, SIGTERM, or the time being up.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
    duration: Option<Duration>,
    deadline: Option<Instant>,
}

impl Stop {
    /// From here on the signals do not end the process by themselves.
    ///
    /// # Errors
    /// Where the runtime cannot listen for signals.
    pub fn new(duration: Option<Duration>) -> io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, duration, deadline: None })
    }

    /// The time begins.
    pub fn start(&mut self) {
        self.deadline = self.duration.and_then(|duration| Instant::now().checked_add(duration));
    }

    /// Waits for the first of them. Can be cancelled and called again.
    pub async fn reached(&mut self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = deadline => {}
        }
    }
}
