//! Real programs, started and ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::outcome::{Outcome, Stop};

/// The port of every listener of these tests.
pub(crate) const PORT: u16 = 8080;

/// Nothing here takes a tenth of it; past it, what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(2);

/// How to tell that a program has made its sockets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    /// It says "ready".
    SaysSo,
    /// It answers whoever connects.
    Answers,
}

/// A program that runs. It is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts it and waits until its sockets are there.
    pub(crate) fn start(command: &mut Command, ready: Ready) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Stop::failed(format!("{command:?}: {error}")))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut server = Self { child };
        match ready {
            Ready::SaysSo => {
                let mut line = String::new();
                BufReader::new(stdout).read_line(&mut line)?;
                if line != "ready\n" {
                    return Err(Stop::failed(format!("{command:?} says {line:?} instead of ready")));
                }
            }
            Ready::Answers => server.wait_for_answer()?,
        }
        Ok(server)
    }

    fn wait_for_answer(&mut self) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Err(Stop::failed(format!("it has ended: {status}")));
            }
            let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))
                .or_else(|_| TcpStream::connect((Ipv6Addr::LOCALHOST, PORT)));
            if let Ok(mut connection) = connected {
                connection.set_read_timeout(Some(LIMIT))?;
                connection.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
                // Whatever the answer is, even that there is none.
                let _answer = connection.read(&mut [0; 1])?;
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(Stop::failed("it never answers"))
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
            thread::sleep(Duration::from_millis(5));
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
