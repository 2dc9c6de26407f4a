//! The actor's own side: it runs commands and reports what it did.

use std::ffi::CString;
use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;
use std::{fs, thread};

use rustix::net::{self, SendFlags, sockopt};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{UnshareFlags, set_name, unshare_unsafe};

use super::command::{Command, Hello, How, Reply, Socket};
use super::sockets::{self, ActorSocket};
use crate::flow::{Flow, Kind};
use crate::netlink;

/// Serves commands until there are no more.
pub(crate) fn main() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut child = Child { sockets: Vec::new() };
    let mut output = io::stdout().lock();
    let hello = Hello { pid: std::process::id(), netns: crate::host::inode("/proc/self/ns/net")? };
    writeln!(output, "{}", serde_json::to_string(&hello)?)?;
    for line in io::stdin().lock().lines() {
        let command = serde_json::from_str(&line?)?;
        let reply = child.run(command).unwrap_or_else(|error| Reply::Failed(error.to_string()));
        writeln!(output, "{}", serde_json::to_string(&reply)?)?;
    }
    Ok(())
}

struct Child {
    sockets: Vec<Option<ActorSocket>>,
}

impl Child {
    fn run(&mut self, command: Command) -> io::Result<Reply> {
        match command {
            Command::Open(open) => {
                let held = sockets::open(&open)?;
                self.opened(held)
            }
            Command::Inherit(descriptor) => {
                // SAFETY: the test started this process with the descriptor open, and nothing else here uses it.
                let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
                let held = ActorSocket::new(descriptor)?;
                self.opened(held)
            }
            Command::Listen { socket, backlog } => {
                net::listen(&self.get(socket)?.fd, backlog)?;
                let address = sockets::local(&self.get(socket)?.fd)?;
                Ok(Reply::Opened(socket, address))
            }
            Command::Connect { socket, to, how } => {
                let held = self.get(socket)?;
                let mut flow = in_thread(&how, || sockets::connect(held, to, &how))?;
                flow.socket = socket;
                Ok(Reply::Flow(Box::new(flow)))
            }
            Command::Disconnect(socket) => {
                net::connect_unspec(&self.get(socket)?.fd)?;
                Ok(Reply::Done)
            }
            Command::Send(socket) => {
                let held = self.get(socket)?;
                let peer = sockets::peer(&held.fd).ok().or(held.peer.get()).ok_or(io::ErrorKind::NotConnected)?;
                let send = || net::send(&held.fd, b"!", SendFlags::empty()).map(drop);
                let mut flow = sockets::flow(Kind::Connect, held, peer, false, send)?;
                flow.socket = socket;
                Ok(Reply::Flow(Box::new(flow)))
            }
            Command::SendTo { socket, to } => {
                // linux/socket.h; rustix has no name for it.
                const MSG_FASTOPEN: SendFlags = SendFlags::from_bits_retain(0x2000_0000);
                let held = self.get(socket)?;
                let send = || net::sendto(&held.fd, b"!", MSG_FASTOPEN, &to).map(drop);
                let mut flow = sockets::flow(Kind::Connect, held, to, false, send)?;
                flow.socket = socket;
                Ok(Reply::Flow(Box::new(flow)))
            }
            Command::Accept { listener, how } => {
                let held = self.get(listener)?;
                Ok(match in_thread(&how, || sockets::accept(held, &how))? {
                    Ok((flow, accepted)) => Reply::Flow(Box::new(self.keep(flow, accepted))),
                    Err(error) => Reply::NotAccepted(error.raw_os_error()),
                })
            }
            Command::AcceptInThreads { listener, threads } => self.accept_in_threads(listener, threads),
            Command::NotTcp => not_tcp(),
            Command::Storm { connections, threads } => storm(connections, threads),
            Command::Close(socket) => {
                self.sockets[socket] = None;
                Ok(Reply::Done)
            }
            Command::Reset(socket) => {
                sockopt::set_socket_linger(&self.get(socket)?.fd, Some(Duration::ZERO))?;
                self.sockets[socket] = None;
                Ok(Reply::Done)
            }
            Command::Rename(name) => {
                set_name(&CString::new(name)?)?;
                Ok(Reply::Done)
            }
            Command::LeaveNetwork => {
                // SAFETY: only a separate table of descriptors would be dangerous.
                unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
                Ok(Reply::Done)
            }
            Command::AddVeth { name, peer, peer_pid } => {
                netlink::add_veth(&name, &peer, peer_pid)?;
                Ok(Reply::Done)
            }
            Command::AddAddress { device, address, prefix } => {
                netlink::add_address(&device, address, prefix)?;
                Ok(Reply::Done)
            }
            Command::Up(device) => {
                netlink::up(&device)?;
                Ok(Reply::Done)
            }
            Command::AddMptcpSubflow(address) => {
                netlink::add_mptcp_subflow(address)?;
                Ok(Reply::Done)
            }
            Command::SetSysctl { path, value } => {
                fs::write(std::path::Path::new("/proc/sys").join(path), value)?;
                Ok(Reply::Done)
            }
            Command::LimitDescriptors(limit) => {
                let maximum = getrlimit(Resource::Nofile).maximum;
                setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum })?;
                Ok(Reply::Done)
            }
        }
    }

    fn get(&self, socket: Socket) -> io::Result<&ActorSocket> {
        self.sockets.get(socket).and_then(Option::as_ref).ok_or_else(|| io::Error::other("no such socket"))
    }

    fn opened(&mut self, held: ActorSocket) -> io::Result<Reply> {
        let address = sockets::local(&held.fd)?;
        self.sockets.push(Some(held));
        Ok(Reply::Opened(self.sockets.len() - 1, address))
    }

    fn keep(&mut self, mut flow: Flow, accepted: ActorSocket) -> Flow {
        flow.socket = self.sockets.len();
        self.sockets.push(Some(accepted));
        flow
    }

    fn accept_in_threads(&mut self, listener: Socket, threads: usize) -> io::Result<Reply> {
        let held = self.get(listener)?;
        let accepted = thread::scope(|scope| {
            let accept = || sockets::accept(held, &How::default());
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(accept)).collect();
            threads
                .into_iter()
                .map(|thread| Ok(thread.join().expect("no thread panics")??))
                .collect::<io::Result<Vec<_>>>()
        })?;
        Ok(Reply::Flows(accepted.into_iter().map(|(flow, accepted)| self.keep(flow, accepted)).collect()))
    }
}

/// Runs something in a thread of the given name, or in this one.
fn in_thread<T: Send>(how: &How, act: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let Some(name) = &how.thread else { return act() };
    let name = CString::new(name.clone())?;
    let named = || {
        set_name(&name)?;
        act()
    };
    thread::scope(|scope| scope.spawn(named).join()).expect("the thread does not panic")
}

fn not_tcp() -> io::Result<Reply> {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sender.connect(receiver.local_addr()?)?;
    sender.send(b"!")?;
    let path = std::env::temp_dir().join(format!("sockwhy-acceptance-{}.socket", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    let client = UnixStream::connect(&path);
    fs::remove_file(&path)?;
    let _both = (client?, listener.accept()?);
    Ok(Reply::Done)
}

/// Each connection is reset at once: none is left in `TIME_WAIT`, so its port is free again.
fn storm(connections: usize, threads: usize) -> io::Result<Reply> {
    let connect = |count: usize| -> io::Result<()> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address: SocketAddr = listener.local_addr()?;
        for _ in 0..count {
            let client = TcpStream::connect(address)?;
            let _accepted = listener.accept()?;
            sockopt::set_socket_linger(&client, Some(Duration::ZERO))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| connect(connections / threads))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    Ok(Reply::Done)
}
