//! A real JVM.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::host;
use crate::outcome::{Outcome, Stop};

const PROGRAM: &str = include_str!("Flows.java");

/// The names of the threads that accept and that connect, as far as the kernel keeps them: 15 bytes.
pub(crate) const ACCEPTOR: &str = "http-nio-8080-A";
pub(crate) const CLIENT: &str = "http-client-of-";

/// A JVM that runs the program. It is killed when this is dropped.
pub(crate) struct Jvm {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Jvm {
    /// Starts it with this option, listening on this port, or on any for 0.
    pub(crate) fn start(option: Option<&str>, port: u16) -> Outcome<Self> {
        host::require_program("java")?;
        let folder = std::env::temp_dir().join(format!("sockwhy-acceptance-jvm-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let source = folder.join("Flows.java");
        let written = fs::write(&source, PROGRAM);
        let mut java = Command::new("java");
        java.args(option).arg(source).arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = java.spawn()?;
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut jvm = Self { child, lines, folder, port };
        written?;
        jvm.port = jvm.line()?;
        Ok(jvm)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The number that the program prints next.
    fn line(&mut self) -> Outcome<u16> {
        Ok(self.lines.next().ok_or_else(|| Stop::failed("the JVM has ended"))??.parse()?)
    }

    /// Waits until it has accepted the next connection, and gives the client's port.
    pub(crate) fn accepted(&mut self) -> Outcome<u16> {
        self.line()
    }

    /// Has it connect, and gives its own port of the connection.
    pub(crate) fn connect(&mut self, to: SocketAddr) -> Outcome<u16> {
        writeln!(self.child.stdin.as_mut().expect("stdin is piped"), "{} {}", to.ip(), to.port())?;
        self.line()
    }

    /// The number of the thread of that name, if it lives.
    pub(crate) fn thread(&self, name: &str) -> Option<u32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let task = tasks
            .flatten()
            .find(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name))?;
        task.file_name().to_str()?.parse().ok()
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}
