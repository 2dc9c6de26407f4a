//! What an actor does with its sockets, and what it knows of them then.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;
use std::time::SystemTime;
use std::{fs, io};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use rustix::process::getuid;
use rustix::thread::gettid;

use super::command::{How, Open, Via};
use super::uring;
use crate::flow::{Family, Flow, Kind};
use crate::host;

/// A socket of an actor.
#[derive(Debug)]
pub(crate) struct ActorSocket {
    pub(crate) fd: OwnedFd,
    /// The network namespace that it was made in.
    netns: u64,
    /// Where it is connecting to, if that is known here.
    pub(crate) peer: Peer,
}

/// A connect's destination, which the kernel does not return before it is connected.
#[derive(Debug, Default)]
pub(crate) struct Peer(Mutex<Option<SocketAddr>>);

impl Peer {
    pub(crate) fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().expect("nobody panics with it")
    }

    fn set(&self, peer: SocketAddr) {
        *self.0.lock().expect("nobody panics with it") = Some(peer);
    }
}

impl ActorSocket {
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { fd, netns: host::inode("/proc/thread-self/ns/net")?, peer: Peer::default() })
    }
}

pub(crate) fn open(open: &Open) -> io::Result<ActorSocket> {
    let family = match open.family {
        Family::Inet => AddressFamily::INET,
        Family::Inet6 => AddressFamily::INET6,
    };
    let protocol = if open.mptcp { ipproto::MPTCP } else { ipproto::TCP };
    let flags = if open.nonblocking { SocketFlags::NONBLOCK } else { SocketFlags::empty() };
    let fd = rustix::net::socket_with(family, SocketType::STREAM, flags | SocketFlags::CLOEXEC, Some(protocol))?;
    if let Some(v6only) = open.v6only {
        sockopt::set_ipv6_v6only(&fd, v6only)?;
    }
    if open.reuse_addr {
        sockopt::set_socket_reuseaddr(&fd, true)?;
    }
    if open.reuse_port {
        sockopt::set_socket_reuseport(&fd, true)?;
    }
    if open.deferred {
        switch_on(&fd, libc::TCP_FASTOPEN_CONNECT)?;
    }
    if open.repair {
        switch_on(&fd, libc::TCP_REPAIR)?;
    }
    if let Some(address) = open.bind {
        rustix::net::bind(&fd, &address)?;
    }
    ActorSocket::new(fd)
}

/// Sets an option of TCP to 1.
fn switch_on(fd: &OwnedFd, option: libc::c_int) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of_val(&on)).expect("an int is small");
    let level = libc::IPPROTO_TCP;
    // SAFETY: the option's value is an int, which lives as long as the call.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const on).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

pub(crate) fn local(fd: impl AsFd) -> io::Result<SocketAddr> {
    Ok(rustix::net::getsockname(fd)?.try_into()?)
}

/// The peer, once there is a connection.
pub(crate) fn peer(fd: impl AsFd) -> rustix::io::Result<SocketAddr> {
    rustix::net::getpeername(fd)?.ok_or(Errno::NOTCONN)?.try_into()
}

/// Connects. The flow says whether that failed.
pub(crate) fn connect(socket: &ActorSocket, to: SocketAddr, how: &How) -> io::Result<Flow> {
    socket.peer.set(to);
    flow(Kind::Connect, socket, to, how.cookie_first, || match how.via {
        Via::Uring => uring::connect(&socket.fd, &to, false),
        Via::UringWorker => uring::connect(&socket.fd, &to, true),
        Via::Call | Via::Accept4 => rustix::net::connect(&socket.fd, &to),
    })
}

/// Accepts; the inner error is that of the system call.
pub(crate) fn accept(listener: &ActorSocket, how: &How) -> io::Result<Result<(Flow, ActorSocket), Errno>> {
    let began = now();
    let result = match how.via {
        Via::Uring => uring::accept(&listener.fd, false),
        Via::UringWorker => uring::accept(&listener.fd, true),
        Via::Accept4 => {
            rustix::net::accept_with(&listener.fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC).and_then(with_peer)
        }
        Via::Call => rustix::net::acceptfrom(&listener.fd).and_then(|(fd, peer)| {
            // accept() returns the peer even if it is gone already and getpeername() fails.
            Ok((fd, peer.ok_or(Errno::NOTCONN)?.try_into()?))
        }),
    };
    let (fd, peer) = match result {
        Ok(accepted) => accepted,
        Err(error) => return Ok(Err(error)),
    };
    // An accepted socket is in its listener's namespace.
    let accepted = ActorSocket { fd, netns: listener.netns, peer: Peer::default() };
    let flow = describe(Kind::Accept, &accepted, peer, began, now(), Ok(()), None)?;
    Ok(Ok((flow, accepted)))
}

pub(super) fn with_peer(fd: OwnedFd) -> rustix::io::Result<(OwnedFd, SocketAddr)> {
    let peer = peer(&fd)?;
    Ok((fd, peer))
}

/// Runs what makes a flow, and describes the flow.
pub(crate) fn flow(
    kind: Kind,
    socket: &ActorSocket,
    to: SocketAddr,
    cookie_first: bool,
    act: impl FnOnce() -> rustix::io::Result<()>,
) -> io::Result<Flow> {
    let cookie = if cookie_first { Some(sockopt::socket_cookie(&socket.fd)?) } else { None };
    let began = now();
    let result = act();
    let ended = now();
    // The address may stand for another one (`0.0.0.0`). Once there is a connection, the kernel returns that one.
    let peer = peer(&socket.fd).unwrap_or(to);
    describe(kind, socket, peer, began, ended, result, cookie)
}

fn describe(
    kind: Kind,
    socket: &ActorSocket,
    peer: SocketAddr,
    began: u64,
    ended: u64,
    result: rustix::io::Result<()>,
    cookie: Option<u64>,
) -> io::Result<Flow> {
    let fd = &socket.fd;
    let family = match sockopt::socket_domain(fd)? {
        AddressFamily::INET => Family::Inet,
        _ => Family::Inet6,
    };
    Ok(Flow {
        kind,
        pid: Some(std::process::id()),
        tid: Some(gettid().as_raw_nonzero().get().cast_unsigned()),
        uid: getuid().as_raw(),
        process: name("/proc/self/comm")?,
        thread: Some(name("/proc/thread-self/comm")?),
        netns: socket.netns,
        cgroup_id: host::cgroup_id(),
        cookie: Some(cookie.map_or_else(|| sockopt::socket_cookie(fd), Ok)?),
        family,
        mptcp: sockopt::socket_protocol(fd)? == Some(ipproto::MPTCP),
        local: local(fd)?,
        peer,
        v6only: if family == Family::Inet6 { Some(sockopt::ipv6_v6only(fd)?) } else { None },
        began,
        ended,
        error: result.err().map(Errno::raw_os_error),
        socket: 0,
        was_blocked: false,
        cookie_unknown: false,
        listener: None,
        name: String::new(),
    })
}

fn now() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970");
    u64::try_from(since.as_nanos()).expect("it is before 2554")
}

/// A name as `/proc` has it: any bytes, and a newline at the end.
fn name(path: &str) -> io::Result<Vec<u8>> {
    let mut name = fs::read(path)?;
    name.pop();
    Ok(name)
}
