//! Real programs, started and ended.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process};

use crate::network;
use crate::outcome::{Outcome, Stop};

/// The port of every listener of these tests.
pub(crate) const PORT: u16 = 8080;

/// Nothing here takes a tenth of it; past it, what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(2);

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// How to tell that a program has made its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// It says "ready".
    SaysSo,
    /// It answers whoever connects to [`PORT`], or breaks the connection off.
    Answers,
    /// It listens on [`PORT`], and has nothing to say to those who connect.
    Listens,
}

/// A program that runs. It is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where what it says goes, if nobody listens.
    output: File,
}

impl Server {
    /// Starts it and waits until its sockets are there.
    pub(crate) fn start(command: &mut Command, ready: Ready) -> Outcome<Self> {
        let mut server = Self::spawn(command, ready)?;
        match ready {
            Ready::SaysSo => {
                let mut line = String::new();
                BufReader::new(server.child.stdout.take().expect("stdout is piped")).read_line(&mut line)?;
                if line != "ready\n" {
                    return Err(Stop::failed(format!("{command:?} says {line:?} instead of ready")));
                }
            }
            Ready::Answers | Ready::Listens => server.wait_for_listener(ready == Ready::Answers)?,
        }
        Ok(server)
    }

    /// Starts a program that ends by itself, as something of its settings is wrong.
    pub(crate) fn fail(command: &mut Command) -> Outcome {
        let mut server = Self::spawn(command, Ready::Answers)?;
        let deadline = Instant::now() + LIMIT;
        while server.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(Stop::failed("it runs"));
            }
            thread::sleep(STEP);
        }
        Ok(())
    }

    fn spawn(command: &mut Command, ready: Ready) -> Outcome<Self> {
        let output = File::from(memfd_create("output", MemfdFlags::CLOEXEC)?);
        match ready {
            Ready::SaysSo => command.stdin(Stdio::piped()).stdout(Stdio::piped()),
            Ready::Answers | Ready::Listens => {
                command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?)
            }
        };
        let child = command.spawn().map_err(|error| Stop::failed(format!("{command:?}: {error}")))?;
        Ok(Self { child, output })
    }

    fn wait_for_listener(&mut self, answers: bool) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Err(Stop::failed(format!("it has ended: {status}\n{}", self.output())));
            }
            if let Some(mut connection) = network::connect(PORT).next() {
                if !answers {
                    return Ok(());
                }
                connection.set_read_timeout(Some(LIMIT))?;
                // Most have an answer to that, be it that there is none; the others to the end of it.
                let _closed = connection.write_all(b"GET / HTTP/1.0\r\n\r\n");
                let _closed = connection.shutdown(Shutdown::Write);
                return match connection.read(&mut [0; 1]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Stop::failed("it never answers")),
                    _ => Ok(()),
                };
            }
            thread::sleep(STEP);
        }
        Err(Stop::failed(format!("it never listens\n{}", self.output())))
    }

    fn output(&mut self) -> String {
        let mut text = Vec::new();
        let read = self.output.rewind().and_then(|()| self.output.read_to_end(&mut text));
        read.map_or_else(|error| error.to_string(), |_| String::from_utf8_lossy(&text).into_owned())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server with workers ends them before it ends itself.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _gone = pid.map(|pid| kill_process(pid, Signal::TERM));
        let deadline = Instant::now() + LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(STEP);
        }
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A folder of one test's own. It is removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make() -> Outcome<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("sockwhy-runtimes-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> Outcome<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, content)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A setting under `/proc/sys/net` of this network namespace, until this is dropped.
pub(crate) struct Sysctl {
    path: PathBuf,
    before: String,
}

impl Sysctl {
    pub(crate) fn set(path: &str, value: &str) -> Outcome<Self> {
        let path = Path::new("/proc/sys/net").join(path);
        let before = fs::read_to_string(&path)?;
        fs::write(&path, value)?;
        Ok(Self { path, before })
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        fs::write(&self.path, &self.before).expect("what was written can be written back");
    }
}
