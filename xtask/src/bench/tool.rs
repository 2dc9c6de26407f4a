//! Programs that trace connections. All are started and measured the same way.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::output;
use crate::paths;

/// How long a program may take to begin or to end.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A program that traces connections.
#[derive(Clone)]
pub(crate) struct Tool {
    /// What the tables call it.
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// It needs tracefs, which is mounted for it alone.
    pub(crate) tracefs: bool,
    /// How to know that it has begun.
    pub(crate) begins: Begins,
    /// Lines that it writes about each connection of a storm.
    pub(crate) lines: u32,
}

/// How to know that a tool has begun.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// It says so on stderr, in a line with these words.
    Says(&'static str),
    /// Connections are made until it writes about them.
    Writes,
}

/// Called with each chunk that a tool writes.
pub(crate) type Watch = Box<dyn FnMut(&[u8]) + Send>;

/// Where a tool's stdout goes.
pub(crate) enum Sink {
    File,
    /// Read as fast as possible.
    Pipe,
    /// The same, and passed on.
    Watched(Watch),
}

/// What BPF programs have cost so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct BpfCost {
    pub(crate) runs: u64,
    pub(crate) nanoseconds: u64,
}

/// A tool that runs.
pub(crate) struct Running {
    process: Process,
    /// The lines that it writes to stderr.
    messages: Receiver<String>,
    /// Reads its stdout where that is a pipe.
    reader: Option<JoinHandle<()>>,
}

/// A process that ends when its owner does.
struct Process(Child);

/// Where [`Sink::File`] goes.
fn output_file() -> PathBuf {
    paths::bench().join("output")
}

/// Lines in the file that the last tool wrote to.
pub(crate) fn lines_written() -> Result<u64> {
    let counted = output(Command::new("wc").arg("--lines").arg(output_file()))?;
    counted.split(' ').next().and_then(|lines| lines.parse().ok()).with_context(|| format!("wc printed {counted:?}"))
}

impl Tool {
    /// Starts it and returns when it traces.
    pub(crate) fn start(&self, sink: Sink) -> Result<Running> {
        let mut running = self.spawn(sink)?;
        self.await_beginning(&mut running).with_context(|| format!("{} does not work here", self.name))?;
        Ok(running)
    }

    /// Starts it.
    pub(crate) fn spawn(&self, sink: Sink) -> Result<Running> {
        let mut command = if self.tracefs {
            // In a new mount namespace, so that the machine stays as it is.
            let mut command = Command::new("unshare");
            command.args(["--mount", "sh", "-c"]);
            command.arg("mount -t tracefs tracefs /sys/kernel/tracing && exec \"$@\"").arg("sh");
            command.args(&self.command);
            command
        } else {
            let mut command = Command::new(&self.command[0]);
            command.args(&self.command[1..]);
            command
        };
        // In another process group: the terminal's Ctrl-C is for this program, which then ends the tool.
        command.stdin(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        match sink {
            Sink::File => {
                let path = output_file();
                command.stdout(File::create(&path).with_context(|| format!("cannot write {}", path.display()))?);
            }
            Sink::Pipe | Sink::Watched(_) => {
                command.stdout(Stdio::piped());
            }
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {}", self.name))?;
        let (sender, messages) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().context("stderr is piped")?);
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let watch = match sink {
            Sink::Watched(watch) => watch,
            Sink::File | Sink::Pipe => Box::new(|_chunk: &[u8]| {}),
        };
        let reader = child.stdout.take().map(|stdout| read_in_thread(stdout, watch));
        Ok(Running { process: Process(child), messages, reader })
    }

    fn await_beginning(&self, running: &mut Running) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        match self.begins {
            Begins::Says(words) => loop {
                match running.messages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(line) if line.contains(words) => return Ok(()),
                    Ok(_) => {}
                    Err(_) => bail!("it did not say \"{words}\""),
                }
            },
            Begins::Writes => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                // Programs write to a file in blocks of some kilobytes.
                while fs::metadata(output_file())?.len() < 4096 {
                    if let Some(status) = running.process.0.try_wait()? {
                        bail!("it ended ({status}): {}", running.messages.iter().collect::<Vec<_>>().join(" "));
                    }
                    ensure!(Instant::now() < deadline, "it wrote nothing about the connections that were made");
                    for _ in 0..20 {
                        let _client = TcpStream::connect(listener.local_addr()?)?;
                        let _server = listener.accept()?;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                running.settle()
            }
        }
    }
}

/// Reads to the end.
fn read_in_thread(mut from: ChildStdout, mut watch: Watch) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => watch(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })
}

impl Running {
    /// CPU time of all its threads so far, kernel side included (`/proc/PID/task/*/schedstat`).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.0.id())).context("it has ended")? {
            // A thread may have ended.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its peak resident memory, in KiB (`VmHWM`).
    pub(crate) fn peak_memory(&self) -> Result<u32> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).context("it has ended")?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc")?;
        line.trim().trim_end_matches(" kB").parse().context("VmHWM is not in kB")
    }

    /// What its BPF programs have cost, which the kernel counts while `kernel.bpf_stats_enabled` is set.
    pub(crate) fn bpf(&self) -> Result<BpfCost> {
        // A program may be open more than once.
        let mut programs = BTreeMap::new();
        for file in fs::read_dir(format!("/proc/{}/fdinfo", self.process.0.id())).context("it has ended")? {
            let Ok(text) = fs::read_to_string(file?.path()) else { continue };
            let field = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                line.and_then(|number| number.trim().parse::<u64>().ok())
            };
            if let (Some(id), Some(runs), Some(nanoseconds)) =
                (field("prog_id"), field("run_cnt"), field("run_time_ns"))
            {
                programs.insert(id, BpfCost { runs, nanoseconds });
            }
        }
        Ok(programs.values().fold(BpfCost::default(), |sum, program| BpfCost {
            runs: sum.runs + program.runs,
            nanoseconds: sum.nanoseconds + program.nanoseconds,
        }))
    }

    /// Waits until it is idle, by its CPU time.
    pub(crate) fn settle(&self) -> Result<()> {
        const IDLE: Duration = Duration::from_micros(500);
        let deadline = Instant::now() + TIMEOUT;
        let mut before = self.cpu()?;
        loop {
            thread::sleep(Duration::from_millis(60));
            let now = self.cpu()?;
            if now.saturating_sub(before) < IDLE || Instant::now() > deadline {
                return Ok(());
            }
            before = now;
        }
    }

    /// Ends it as Ctrl-C does, and returns when all of its output is there.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.process.0), Signal::INT).context("it has ended")?;
        let deadline = Instant::now() + TIMEOUT;
        while self.process.0.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "it does not end when it is asked to");
            thread::sleep(Duration::from_millis(5));
        }
        if let Some(reader) = self.reader {
            reader.join().expect("reading does not panic");
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
