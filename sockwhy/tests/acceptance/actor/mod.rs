//! The processes that make connections for the tests to find again.
//!
//! Each is this program in a new process, so that its PID is its own and a filter can select it alone.

pub(crate) mod child;
pub(crate) mod command;
mod sockets;
mod uring;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::io::{FdFlags, fcntl_setfd};

use self::command::{Command, Hello, How, Open, Reply, Socket, Via};
use crate::enter::{self, Enter};
use crate::flow::Flow;
use crate::outcome::{Outcome, Stop};
use crate::tracer::LIMIT;

/// The first argument that makes this program an actor.
pub(crate) const ARGUMENT: &str = "actor";

/// A process that does what the test tells it. It is killed when this is dropped.
pub(crate) struct Actor {
    child: Child,
    commands: Option<ChildStdin>,
    replies: Receiver<String>,
    /// Its PID, as the test's namespace numbers it.
    pub(crate) pid: u32,
    pub(crate) hello: Hello,
}

impl Actor {
    /// Starts one.
    pub(crate) fn start() -> Outcome<Self> {
        Self::start_in(&Enter::default())
    }

    /// Starts one somewhere else, or as somebody else.
    pub(crate) fn start_in(enter: &Enter) -> Outcome<Self> {
        let mut process = enter.command(&env::current_exe()?);
        Self::spawn(process.arg(ARGUMENT))
    }

    /// Starts one that has `socket` too, and returns its number there.
    pub(crate) fn start_with(socket: impl AsFd) -> Outcome<(Self, Socket)> {
        let socket = socket.as_fd();
        fcntl_setfd(socket, FdFlags::empty())?;
        let actor = Self::spawn(Process::new(env::current_exe()?).arg(ARGUMENT));
        fcntl_setfd(socket, FdFlags::CLOEXEC)?;
        let mut actor = actor?;
        let (socket, _) = actor.opened(&Command::Inherit(socket.as_raw_fd()))?;
        Ok((actor, socket))
    }

    fn spawn(process: &mut Process) -> Outcome<Self> {
        let mut child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let commands = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, replies) = mpsc::channel();
        // Ends with the child.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let hello = Hello { pid: 0, netns: 0 };
        let mut actor = Self { pid: child.id(), child, commands, replies, hello };
        actor.hello = serde_json::from_str(&actor.line()?)?;
        actor.pid = enter::inner_pid(actor.child.id());
        Ok(actor)
    }

    fn line(&self) -> Outcome<String> {
        self.replies.recv_timeout(LIMIT).map_err(|_| Stop::failed("an actor does not answer"))
    }

    /// Begins a command, and does not wait for its end.
    pub(crate) fn begin(&mut self, command: &Command) -> Outcome {
        let commands = self.commands.as_mut().expect("actors live until they are told to exit");
        writeln!(commands, "{}", serde_json::to_string(command)?)?;
        Ok(())
    }

    /// Waits for the end of the command that was begun.
    pub(crate) fn end(&mut self) -> Outcome<Reply> {
        match serde_json::from_str(&self.line()?)? {
            Reply::Failed(error) => Err(Stop::failed(format!("an actor says: {error}"))),
            // As the test sees it: another PID namespace has other numbers.
            Reply::Flow(flow) => Ok(Reply::Flow(Box::new(self.seen(*flow)))),
            Reply::Flows(flows) => Ok(Reply::Flows(flows.into_iter().map(|flow| self.seen(flow)).collect())),
            reply => Ok(reply),
        }
    }

    fn seen(&self, mut flow: Flow) -> Flow {
        if self.pid != self.hello.pid {
            flow.tid = (flow.tid == flow.pid).then_some(self.pid);
            flow.pid = Some(self.pid);
        }
        flow
    }

    /// Runs a command to its end.
    pub(crate) fn run(&mut self, command: &Command) -> Outcome<Reply> {
        self.begin(command)?;
        self.end()
    }

    fn opened(&mut self, command: &Command) -> Outcome<(Socket, SocketAddr)> {
        match self.run(command)? {
            Reply::Opened(socket, address) => Ok((socket, address)),
            other => unreachable!("{command:?} gives {other:?}"),
        }
    }

    /// Waits for the flow that was begun.
    pub(crate) fn flow(&mut self) -> Outcome<Flow> {
        match self.end()? {
            Reply::Flow(flow) => Ok(*flow),
            other => Err(Stop::failed(format!("an actor has no flow: {other:?}"))),
        }
    }

    fn act(&mut self, command: &Command) -> Outcome<Flow> {
        self.begin(command)?;
        self.flow()
    }

    /// Makes a socket.
    pub(crate) fn open(&mut self, open: Open) -> Outcome<(Socket, SocketAddr)> {
        self.opened(&Command::Open(open))
    }

    /// Makes a listener.
    pub(crate) fn listen(&mut self, open: Open) -> Outcome<(Socket, SocketAddr)> {
        self.listen_with(open, 128)
    }

    /// Makes a listener with a queue of this length.
    pub(crate) fn listen_with(&mut self, open: Open, backlog: i32) -> Outcome<(Socket, SocketAddr)> {
        let (socket, _) = self.open(open)?;
        self.opened(&Command::Listen { socket, backlog })
    }

    /// Makes a socket and connects it.
    pub(crate) fn connect(&mut self, open: Open, to: SocketAddr) -> Outcome<Flow> {
        let (socket, _) = self.open(open)?;
        self.connect_socket(socket, to)
    }

    /// Connects a socket.
    pub(crate) fn connect_socket(&mut self, socket: Socket, to: SocketAddr) -> Outcome<Flow> {
        self.connect_how(socket, to, How::default())
    }

    /// Connects a socket in a certain way.
    pub(crate) fn connect_how(&mut self, socket: Socket, to: SocketAddr, how: How) -> Outcome<Flow> {
        self.act(&Command::Connect { socket, to, how })
    }

    /// Tries to accept a connection: gives the error of the system call where it fails.
    pub(crate) fn try_accept(&mut self, listener: Socket) -> Outcome<Result<Flow, i32>> {
        let command = Command::Accept { listener, how: How::default() };
        match self.run(&command)? {
            Reply::Flow(flow) => Ok(Ok(*flow)),
            Reply::NotAccepted(error) => Ok(Err(error)),
            other => unreachable!("{command:?} gives {other:?}"),
        }
    }

    /// Accepts a connection.
    pub(crate) fn accept(&mut self, listener: Socket) -> Outcome<Flow> {
        self.accept_how(listener, How::default())
    }

    /// Accepts a connection in a certain way.
    pub(crate) fn accept_how(&mut self, listener: Socket, how: How) -> Outcome<Flow> {
        self.act(&Command::Accept { listener, how })
    }

    /// Begins to accept, and returns when the thread is blocked in the kernel.
    pub(crate) fn begin_accept(&mut self, listener: Socket, via: Via) -> Outcome {
        self.begin(&Command::Accept { listener, how: How { via, ..How::default() } })?;
        self.wait_blocked(if via == Via::Accept4 { libc::SYS_accept4 } else { libc::SYS_accept }, 1)
    }

    /// Waits until this many of its threads are blocked in the system call.
    pub(crate) fn wait_blocked(&self, call: libc::c_long, threads: usize) -> Outcome {
        // The system call's number and arguments; "running" while the thread is not in the kernel.
        let is_in_it = |line: &String| line.split(' ').next().and_then(|number| number.parse().ok()) == Some(call);
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.pid))?;
            let calls = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("syscall")).ok());
            if calls.filter(is_in_it).count() == threads {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(Stop::failed(format!("no {threads} threads are blocked in system call {call}")))
    }

    /// Sends a byte: with Fast Open, that may be the connect.
    pub(crate) fn send(&mut self, socket: Socket) -> Outcome<Flow> {
        self.act(&Command::Send(socket))
    }

    /// Connects by sending a byte.
    pub(crate) fn send_to(&mut self, socket: Socket, to: SocketAddr) -> Outcome<Flow> {
        self.act(&Command::SendTo { socket, to })
    }

    /// Runs a command that returns nothing.
    pub(crate) fn perform(&mut self, command: &Command) -> Outcome {
        match self.run(command)? {
            Reply::Done => Ok(()),
            other => unreachable!("{command:?} gives {other:?}"),
        }
    }

    /// Sets one of its network namespace's settings.
    pub(crate) fn set_sysctl(&mut self, path: &str, value: &str) -> Outcome {
        self.perform(&Command::SetSysctl { path: path.into(), value: value.to_owned() })
    }

    /// Names the process.
    pub(crate) fn rename(&mut self, name: impl Into<Vec<u8>>) -> Outcome {
        self.perform(&Command::Rename(name.into()))
    }

    /// Closes all its sockets, lets it exit, and waits for that.
    pub(crate) fn exit(mut self) -> Outcome {
        drop(self.commands.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Stop::failed(format!("an actor ended with {status}"))) }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        drop(self.commands.take());
        enter::kill(&mut self.child);
    }
}
