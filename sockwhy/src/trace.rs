//! `sockwhy trace`: from the ring to stdout, until it is told to stop.

use std::{io, ops::ControlFlow, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use sockwhy_common::Lost;
use thiserror::Error;
use tokio::{
    io::{AsyncWriteExt, Stdout, stdout, unix::AsyncFd},
    signal::unix::{Signal, SignalKind, signal},
    time::{self, Instant},
};

use crate::{
    flow::Flow,
    kernel::{PassedOver, ProgramLog, Refused, Tracer},
    output::Formatter,
    plan::TracePlan,
    proc::{self, NoProcess},
    stream::{Stream, watch},
};

/// Bytes of output that are gathered before they are written, at most.
const CHUNK: usize = 512 * 1024;

/// How long the last output may take once the user has asked for the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a trace ended otherwise than by being asked to.
#[derive(Debug, Error)]
pub enum TraceError {
    /// No backend attached.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A process to be traced is not there.
    #[error(transparent)]
    NoProcess(#[from] NoProcess),
    /// The runtime, the ring or the output failed.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

/// Traces as planned. `log` asks for the BPF programs' own log.
///
/// # Errors
/// Where nothing can be traced here, or reading or writing fails. A reader of stdout that has gone away is no error.
pub async fn run(plan: &TracePlan, formatter: Formatter, log: bool) -> Result<(), TraceError> {
    for pid in &plan.filters.pids {
        proc::check_process(*pid)?;
    }
    let mut end = End::new(plan.duration).map_err(|error| TraceError::Io("cannot listen for signals", error))?;
    let (mut tracer, ring) = Tracer::attach(plan, log)?;
    for (backend, refusal) in &tracer.refused {
        log::debug!("no {backend} backend: {refusal}");
    }
    let program_log = if log { Some(tracer.log()) } else { None };
    let program_log = program_log
        .transpose()
        .and_then(|log| log.map(watch).transpose())
        .map_err(|error| TraceError::Io("cannot read the programs' log", error))?;
    eprintln!("sockwhy: tracing {}", describe(plan, &tracer));

    let stream = Stream::new(ring).map_err(|error| TraceError::Io("cannot watch the ring buffer", error))?;
    end.start();
    Session {
        stream,
        formatter,
        limit: plan.count,
        out: stdout(),
        buffer: Vec::with_capacity(CHUNK),
        taken: 0,
        tally: Tally::default(),
    }
    .run(tracer, program_log, end)
    .await
}

/// What is traced, how, and what stays unseen.
fn describe(plan: &TracePlan, tracer: &Tracer) -> String {
    let events = match (plan.connects, plan.accepts) {
        (true, false) => "connects",
        (false, true) => "accepts",
        _ => "connects and accepts",
    };
    let unseen = tracer.blind_spot.map_or_else(String::new, |blind_spot| format!("; it cannot see {blind_spot}"));
    format!("{events} with the {} backend{unseen}", tracer.backend)
}

/// A trace that runs.
struct Session {
    stream: Stream,
    formatter: Formatter,
    limit: Option<u64>,
    out: Stdout,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that stdout has taken.
    taken: usize,
    tally: Tally,
}

/// What became of the records.
#[derive(Default)]
struct Tally {
    /// Written out.
    shown: u64,
    /// In the buffer.
    waiting: u64,
    /// Of a form that the programs cannot have written.
    malformed: u64,
}

/// Why no more is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The user asked for the end, or the time is up.
    Stopped,
    /// As many as were asked for.
    Full,
    /// Nobody reads stdout any more.
    Unread,
}

impl Session {
    async fn run(mut self, tracer: Tracer, log: Option<AsyncFd<ProgramLog>>, end: End) -> Result<(), TraceError> {
        self.formatter.header(&mut self.buffer);
        let over = self.follow(log, end).await?;
        let passed_over = tracer.passed_over();
        // From here on nothing is added to the ring; what is in it still counts.
        drop(tracer);
        match over {
            Over::Unread => return Ok(()),
            Over::Full => {}
            Over::Stopped => match time::timeout(LAST_WORDS, self.pass_on()).await {
                Ok(over) => {
                    if over? == Some(Over::Unread) {
                        return Ok(());
                    }
                }
                Err(_elapsed) => self.give_up(),
            },
        }
        self.summary(passed_over)
    }

    /// Shows events as they come.
    async fn follow(&mut self, mut log: Option<AsyncFd<ProgramLog>>, mut end: End) -> Result<Over, TraceError> {
        loop {
            let over = tokio::select! {
                biased;
                () = end.reached() => return Ok(Over::Stopped),
                over = self.pass_on() => over?,
            };
            if let Some(over) = over {
                return Ok(over);
            }
            tokio::select! {
                biased;
                () = end.reached() => return Ok(Over::Stopped),
                flushed = flush(log.as_mut()) => {
                    flushed.map_err(|error| TraceError::Io("cannot read the programs' log", error))?;
                }
                ready = self.stream.wait() => {
                    ready.map_err(|error| TraceError::Io("cannot wait for events", error))?;
                }
            }
        }
    }

    /// Passes on what is in the ring, and says whether the trace is over. Can be cancelled and called again.
    async fn pass_on(&mut self) -> Result<Option<Over>, TraceError> {
        loop {
            let gathered = if self.taken == 0 { self.gather() } else { ControlFlow::Break(()) };
            if !self.write().await.map_err(|error| TraceError::Io("cannot write to stdout", error))? {
                return Ok(Some(Over::Unread));
            }
            if self.limit.is_some_and(|limit| self.tally.shown >= limit) {
                return Ok(Some(Over::Full));
            }
            if gathered.is_continue() {
                return Ok(None);
            }
        }
    }

    /// Counts what is left in the ring among what could not be written.
    fn give_up(&mut self) {
        let Self { stream, tally, .. } = self;
        let _to_its_end = stream.drain(|_record| {
            tally.waiting += 1;
            ControlFlow::Continue(())
        });
    }

    /// Formats records until the ring is empty; breaks off where the buffer is full or the limit reached.
    fn gather(&mut self) -> ControlFlow<()> {
        let wall = wall_clock_offset();
        let Self { stream, formatter, limit, buffer, tally, .. } = self;
        stream.drain(|record| {
            match Flow::decode(record) {
                Ok(flow) => {
                    formatter.flow(buffer, flow.time.wrapping_add(wall), &flow);
                    tally.waiting += 1;
                }
                Err(error) => {
                    log::debug!("{error}");
                    tally.malformed += 1;
                }
            }
            if buffer.len() >= CHUNK || limit.is_some_and(|limit| tally.shown + tally.waiting >= limit) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// Writes what was gathered. False where nobody reads it any more.
    async fn write(&mut self) -> io::Result<bool> {
        let written: io::Result<()> = async {
            while self.taken < self.buffer.len() {
                // If this is cancelled nothing was taken, as tokio documents.
                match self.out.write(&self.buffer[self.taken..]).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    bytes => self.taken += bytes,
                }
            }
            self.out.flush().await
        }
        .await;
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            Err(error) => return Err(error),
        }
        self.buffer.clear();
        self.taken = 0;
        self.tally.shown += std::mem::take(&mut self.tally.waiting);
        Ok(true)
    }

    /// The last line: how many were shown, how many were not, and where those were lost.
    fn summary(&self, passed_over: PassedOver) -> Result<(), TraceError> {
        let counted = self.stream.ring().lost();
        let counted = counted.map_err(|error| TraceError::Io("cannot read what was lost", io::Error::other(error)))?;
        let mut lost: Vec<_> = counted.iter().map(|(reason, count)| (*count, place(*reason))).collect();
        lost.push((passed_over.events, "as the kernel passed a hook over that another task was in"));
        lost.push((self.tally.malformed, "in records of an unknown form"));
        lost.push((self.tally.waiting, "on the way to stdout, which nobody read"));
        let total: u64 = lost.iter().map(|(count, _)| count).sum();
        let places: Vec<_> =
            lost.iter().filter(|(count, _)| *count > 0).map(|(count, place)| format!("{count} {place}")).collect();
        let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
        eprintln!("sockwhy: {} events, {total} lost{places}", self.tally.shown);
        if passed_over.system_calls > 0 {
            let count = passed_over.system_calls;
            eprintln!("sockwhy: the kernel passed over {count} more system calls, of which some may have been accepts");
        }
        Ok(())
    }
}

/// Where events were lost, and what helps.
fn place(reason: Lost) -> &'static str {
    match reason {
        Lost::RingFull => "as the ring buffer was full (a larger --buffer-size helps)",
        Lost::PendingFull => "as too many connects were on their way at once",
        Lost::Unreadable => "as a field could not be read",
    }
}

/// What `CLOCK_REALTIME` is ahead of `CLOCK_MONOTONIC`, in nanoseconds. Asked anew for each batch, as clocks are set.
fn wall_clock_offset() -> u64 {
    nanoseconds(ClockId::Realtime).wrapping_sub(nanoseconds(ClockId::Monotonic))
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// Prints the programs' log as it comes; waits for ever where there is none.
async fn flush(log: Option<&mut AsyncFd<ProgramLog>>) -> io::Result<()> {
    let Some(log) = log else { return std::future::pending().await };
    log.readable_mut().await?.clear_ready();
    log.get_mut().flush();
    Ok(())
}

/// What ends a trace from outside: SIGINT, SIGTERM, or the time being up.
struct End {
    interrupt: Signal,
    terminate: Signal,
    duration: Option<Duration>,
    deadline: Option<Instant>,
}

impl End {
    fn new(duration: Option<Duration>) -> io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, duration, deadline: None })
    }

    /// The time begins when the programs are attached.
    fn start(&mut self) {
        self.deadline = self.duration.and_then(|duration| Instant::now().checked_add(duration));
    }

    async fn reached(&mut self) {
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
