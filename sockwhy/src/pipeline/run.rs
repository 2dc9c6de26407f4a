//! The loop that every output shares.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::time;

use super::account::Account;
use super::source::{Source, watch};
use super::stop::Stop;
use crate::exit::IoFailure;
use crate::host::clock;
use crate::kernel::{ProgramLog, Ring, Tracer};
use crate::model::Flows;
use crate::model::event::{Event, Record};

/// How long the last output may take once the user has asked for the end.
const LAST_FLUSH: Duration = Duration::from_secs(1);

/// Where events go.
pub trait Sink {
    /// Takes one event. Breaks off where it has no room for more before it is flushed.
    fn take(&mut self, event: &Event) -> ControlFlow<()>;

    /// Passes on what it has taken; false where nobody reads it any more. Can be cancelled and called again.
    ///
    /// # Errors
    /// Where writing fails otherwise.
    fn flush(&mut self) -> impl Future<Output = io::Result<bool>>;

    /// Waits until it has something to pass on though no event came, as a screen has that is drawn every second. Lines
    /// never have.
    fn due(&mut self) -> impl Future<Output = ()> {
        std::future::pending()
    }

    /// Events that it has passed on.
    fn shown(&self) -> u64;

    /// Events that it has taken and not passed on.
    fn waiting(&self) -> u64;
}

/// Why no more is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The user asked for the end, or the time is up.
    Stopped,
    /// As many as were asked for.
    Full,
    /// Nobody reads any more.
    Unread,
}

/// Reads events from the ring, joins outcomes to beginnings, and hands them to the sink, at most `limit` of them, until it is told to stop. Then the
/// programs are detached, and what is in the ring still counts. `None` where nobody reads the output any more.
///
/// # Errors
/// Where reading or writing fails.
pub async fn run(
    tracer: Tracer,
    ring: Ring,
    flows: Flows,
    sink: impl Sink,
    limit: Option<u64>,
    log: Option<ProgramLog>,
    mut stop: Stop,
) -> Result<Option<Account>, IoFailure> {
    let source = Source::new(ring).map_err(|error| IoFailure("cannot watch the ring buffer", error))?;
    let mut log = log.map(WatchedLog::new).transpose().map_err(log_failed)?;
    stop.start();
    let mut run = Run { source, flows, sink, limit, malformed: 0 };
    let end = run.follow(log.as_mut(), &mut stop).await?;
    let misses = tracer.misses();
    // From here on nothing is added to the ring; what is in it still counts.
    drop(tracer);
    let unread = match end {
        End::Unread => return Ok(None),
        End::Full => 0,
        End::Stopped => match time::timeout(LAST_FLUSH, run.pass_on()).await {
            Ok(Ok(Some(End::Unread))) => return Ok(None),
            Ok(passed_on) => passed_on.map(|_| 0)?,
            Err(_elapsed) => run.count_rest(),
        },
    };
    let unsent = run.source.ring().lost().map_err(io::Error::other);
    let unsent = unsent.map_err(|error| IoFailure("cannot read what was lost", error))?;
    let Run { flows, sink, malformed, .. } = run;
    Ok(Some(Account {
        shown: sink.shown(),
        unsent,
        misses,
        malformed,
        unwritten: sink.waiting() + unread,
        unknown: flows.unknown(),
    }))
}

struct Run<S> {
    source: Source,
    flows: Flows,
    sink: S,
    limit: Option<u64>,
    /// Records of a form that the programs cannot have written.
    malformed: u64,
}

impl<S: Sink> Run<S> {
    /// Passes events on as they come.
    async fn follow(&mut self, mut log: Option<&mut WatchedLog>, stop: &mut Stop) -> Result<End, IoFailure> {
        loop {
            let end = tokio::select! {
                biased;
                () = stop.reached() => return Ok(End::Stopped),
                end = self.pass_on() => end?,
            };
            if let Some(end) = end {
                return Ok(end);
            }
            tokio::select! {
                biased;
                () = stop.reached() => return Ok(End::Stopped),
                () = self.sink.due() => {}
                flushed = flush(log.as_deref_mut()) => flushed.map_err(log_failed)?,
                ready = self.source.wait() => {
                    ready.map_err(|error| IoFailure("cannot wait for events", error))?;
                }
            }
        }
    }

    /// Passes on what is in the ring, and says whether that is the end. Can be cancelled and called again.
    async fn pass_on(&mut self) -> Result<Option<End>, IoFailure> {
        let mut drained = ControlFlow::Break(());
        loop {
            let is_read = self.sink.flush().await;
            if !is_read.map_err(|error| IoFailure("cannot write to stdout", error))? {
                return Ok(Some(End::Unread));
            }
            if self.limit.is_some_and(|limit| self.sink.shown() >= limit) {
                return Ok(Some(End::Full));
            }
            if drained.is_continue() {
                return Ok(None);
            }
            drained = self.drain();
        }
    }

    /// Decodes records until the ring is empty; breaks off where the sink has no room, or the limit is reached.
    fn drain(&mut self) -> ControlFlow<()> {
        let wall_clock = clock::wall_clock_offset();
        let Self { source, flows, sink, limit, malformed } = self;
        source.drain(|record| {
            let record = match Record::decode(record, wall_clock) {
                Ok(record) => record,
                Err(error) => {
                    log::debug!("{error}");
                    *malformed += 1;
                    return ControlFlow::Continue(());
                }
            };
            // All events of a record are taken, as nobody keeps them.
            let mut flow = ControlFlow::Continue(());
            for event in flows.events(record) {
                if sink.take(&event).is_break() {
                    flow = ControlFlow::Break(());
                }
                if limit.is_some_and(|limit| sink.shown() + sink.waiting() >= limit) {
                    return ControlFlow::Break(());
                }
            }
            flow
        })
    }

    /// How many records are left in the ring.
    fn count_rest(&mut self) -> u64 {
        let mut count = 0;
        let _to_its_end = self.source.drain(|_record| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }
}

/// The programs' log, on the runtime.
struct WatchedLog {
    log: ProgramLog,
    ready: AsyncFd<OwnedFd>,
}

impl WatchedLog {
    fn new(log: ProgramLog) -> io::Result<Self> {
        Ok(Self { ready: watch(&log)?, log })
    }
}

fn log_failed(error: io::Error) -> IoFailure {
    IoFailure("cannot read the programs' log", error)
}

/// Prints the programs' log as it comes; waits for ever where there is none.
async fn flush(log: Option<&mut WatchedLog>) -> io::Result<()> {
    let Some(watched) = log else { return std::future::pending().await };
    watched.ready.readable().await?.clear_ready();
    watched.log.flush();
    Ok(())
}
