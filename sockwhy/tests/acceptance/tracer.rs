//! A running `sockwhy trace`, and what it says.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::enter;
use crate::event::Event;
use crate::outcome::{Outcome, Stop};
use crate::trace::Refusal;

/// How often the kernel has missed running the programs of the tracers that were stopped.
pub(crate) static MISSES: AtomicUsize = AtomicUsize::new(0);

/// Nothing here takes a hundredth of this on a real machine. Emulated machines are slow.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// What has been read so far.
#[derive(Default)]
struct Said {
    /// The lines of stdout. Other programs on this machine may make a hundred times as many connections as the test, so
    /// lines are read as fast as they come, and parsed when a test needs them.
    lines: Vec<String>,
    stderr: String,
    /// How many of the two streams have ended.
    ended: u8,
}

/// A `sockwhy trace` that runs. It is killed when this is dropped.
pub(crate) struct Tracer {
    child: Child,
    said: Arc<(Mutex<Said>, Condvar)>,
    readers: Vec<JoinHandle<()>>,
    streams: u8,
}

/// What a `sockwhy trace` that ended has said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) events: Vec<Event>,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
}

impl Tracer {
    /// Waits until a new child traces. Its stderr is a pipe, and its stdout too where `events` are to be read.
    pub(crate) fn ready(mut child: Child, events: bool) -> Result<Self, Refusal> {
        let said = Arc::new((Mutex::default(), Condvar::new()));
        let stderr = child.stderr.take().expect("stderr is piped");
        let mut readers = vec![follow(stderr, Arc::clone(&said), |said, line| {
            said.stderr.push_str(&String::from_utf8_lossy(line));
            said.stderr.push('\n');
        })];
        if events {
            let stdout = child.stdout.take().expect("stdout is piped");
            readers.push(follow(stdout, Arc::clone(&said), |said, line| {
                let line =
                    str::from_utf8(line).map_or_else(|_| format!("not UTF-8: {}", line.escape_ascii()), str::to_owned);
                said.lines.push(line);
            }));
        }
        let streams = u8::from(events) + 1;
        let mut tracer = Self { child, said, readers, streams };
        let is_ready = |said: &Said| said.stderr.lines().any(|line| line.starts_with("sockwhy: tracing"));
        let ended = |said: &Said| said.ended > 0;
        drop(tracer.wait(|said| is_ready(said) || ended(said)).expect("sockwhy neither traces nor ends"));
        if is_ready(&tracer.lock()) {
            return Ok(tracer);
        }
        let status = tracer.child.wait().expect("the child is ours");
        tracer.readers.drain(..).for_each(|reader| reader.join().expect("readers do not panic"));
        let stderr = tracer.lock().stderr.clone();
        Err(Refusal { code: status.code(), stderr })
    }

    /// The line that says that it traces.
    pub(crate) fn first_line(&self) -> String {
        let said = self.lock();
        let line = said.stderr.lines().find(|line| line.starts_with("sockwhy: tracing"));
        line.unwrap_or_default().to_owned()
    }

    /// What it has said on stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.lock().stderr.clone()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The process as the test's PID namespace numbers it.
    pub(crate) fn pid(&self) -> u32 {
        enter::inner_pid(self.child.id())
    }

    /// What its links hook, as the kernel shows it: their types, and the names of raw tracepoints.
    pub(crate) fn hooks(&self) -> Outcome<Vec<String>> {
        Ok([self.descriptors("link_type")?, self.descriptors("tp_name")?].concat())
    }

    /// How often the kernel has missed running its programs, because the same program was already running on that CPU.
    pub(crate) fn misses(&self) -> Outcome<usize> {
        let counters = self.descriptors("recursion_misses")?;
        counters.iter().try_fold(0, |sum, counter| Ok(sum + counter.parse::<usize>()?))
    }

    /// The values of this name that the kernel shows of its descriptors.
    fn descriptors(&self, name: &str) -> Outcome<Vec<String>> {
        let mut values = Vec::new();
        for descriptor in fs::read_dir(format!("/proc/{}/fdinfo", self.pid()))? {
            // Some may be closed again by now.
            let info = fs::read_to_string(descriptor?.path()).unwrap_or_default();
            let named = info.lines().filter_map(|line| line.split_once(":\t")).filter(|(is, _)| *is == name);
            values.extend(named.map(|(_, value)| value.to_owned()));
        }
        Ok(values)
    }

    /// Its stdout, where the test asked to read that itself.
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("stdout is piped and nobody reads it")
    }

    /// The events so far that have one of these numbers.
    pub(crate) fn events_with(&self, numbers: &[u64]) -> Outcome<Vec<Event>> {
        let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
        let said = self.lock();
        let lines = said.lines.iter().filter(|line| numbers.iter().any(|number| line.contains(number)));
        lines.map(|line| parse(line)).collect()
    }

    /// Forgets the events so far.
    pub(crate) fn forget(&self) {
        self.lock().lines.clear();
    }

    /// Waits until this holds for the lines of stdout.
    pub(crate) fn wait_for(&self, what: &str, mut holds: impl FnMut(&[String]) -> bool) -> Outcome {
        let said = self.wait(|said| holds(&said.lines) || said.ended > 0);
        let said = said.ok_or_else(|| Stop::failed(format!("{what} never came; stderr:\n{}", self.stderr())))?;
        if holds(&said.lines) {
            return Ok(());
        }
        Err(Stop::failed(format!("sockwhy ended before {what} came; stderr:\n{}", said.stderr)))
    }

    /// Waits until it has said something on stderr.
    pub(crate) fn wait_for_stderr(&self, what: &str) -> Outcome {
        let said =
            self.wait(|said| said.stderr.contains(what) || said.ended > 0).map(|said| said.stderr.contains(what));
        if said == Some(true) { Ok(()) } else { Err(Stop::failed(format!("{what:?} never came:\n{}", self.stderr()))) }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a PID");
        Ok(kill_process(pid, signal)?)
    }

    /// Interrupts it and waits for its end.
    pub(crate) fn stop(self) -> Outcome<Finished> {
        MISSES.fetch_add(self.misses()?, Ordering::Relaxed);
        self.signal(Signal::INT)?;
        self.finish()
    }

    /// Waits until it ends by itself.
    pub(crate) fn finish(mut self) -> Outcome<Finished> {
        let streams = self.streams;
        let waited = self.wait(|said| said.ended == streams).is_some();
        if !waited {
            return Err(Stop::failed(format!("sockwhy does not end; stderr:\n{}", self.stderr())));
        }
        let status = self.child.wait()?;
        let said = self.lock();
        let events = said.lines.iter().map(|line| parse(line)).collect::<Outcome<_>>()?;
        Ok(Finished { events, stderr: said.stderr.clone(), status })
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this holds; `None` if it never does.
    fn wait(&self, mut holds: impl FnMut(&Said) -> bool) -> Option<MutexGuard<'_, Said>> {
        let deadline = Instant::now() + LIMIT;
        let mut said = self.lock();
        while !holds(&said) {
            let left = deadline.checked_duration_since(Instant::now())?;
            said = self.said.1.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(said)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        enter::kill(&mut self.child);
    }
}

impl Finished {
    /// The numbers of the last line, `sockwhy: N events, M lost`.
    pub(crate) fn summary(&self) -> Outcome<(usize, usize)> {
        summary(&self.stderr)
    }

    /// Asserts that it ended well, with a summary that counts the events, and none lost.
    pub(crate) fn assert_well(&self) -> Outcome {
        assert_eq!(self.status.code(), Some(0), "stderr:\n{}", self.stderr);
        assert_eq!(self.summary()?, (self.events.len(), 0), "events and lost; stderr:\n{}", self.stderr);
        Ok(())
    }
}

fn parse(line: &str) -> Outcome<Event> {
    Event::parse(line).map_err(|error| Stop::failed(format!("stdout has a line that is no event, {error}: {line}")))
}

/// The numbers of `sockwhy: N events, M lost`.
pub(crate) fn summary(stderr: &str) -> Outcome<(usize, usize)> {
    let numbers = stderr.lines().rev().find_map(|line| {
        let (events, rest) = line.strip_prefix("sockwhy: ")?.split_once(" event")?;
        let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix(", ")?;
        let (lost, _) = rest.split_once(" lost")?;
        Some((events.parse().ok()?, lost.parse().ok()?))
    });
    numbers.ok_or_else(|| Stop::failed(format!("stderr has no summary:\n{stderr}")))
}

/// Reads a stream line by line in a thread, whatever bytes it has.
fn follow(
    stream: impl Read + Send + 'static,
    said: Arc<(Mutex<Said>, Condvar)>,
    take: impl Fn(&mut Said, &[u8]) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = stream.read_until(b'\n', &mut line).unwrap_or(0);
            let mut said_so_far = said.0.lock().unwrap_or_else(PoisonError::into_inner);
            if length == 0 {
                said_so_far.ended += 1;
                said.1.notify_all();
                return;
            }
            take(&mut said_so_far, line.strip_suffix(b"\n").unwrap_or(&line));
            said.1.notify_all();
        }
    })
}
