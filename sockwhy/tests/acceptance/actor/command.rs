//! What the tests tell their actors, and what these answer: a JSON object per line, each command answered once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::flow::{Family, Flow};

/// An actor's number for a socket. The first is 0.
pub(crate) type Socket = usize;

/// What an actor does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Makes a socket.
    Open(Open),
    /// Takes a socket that it was started with, by its descriptor.
    Inherit(i32),
    Listen {
        socket: Socket,
        backlog: i32,
    },
    Connect {
        socket: Socket,
        to: SocketAddr,
        how: How,
    },
    /// Cancels a connect (`connect(2)` to `AF_UNSPEC`).
    Disconnect(Socket),
    /// Sends a byte. If Fast Open has deferred the connect, this makes it.
    Send(Socket),
    /// Connects by sending a byte with the SYN (`MSG_FASTOPEN`).
    SendTo {
        socket: Socket,
        to: SocketAddr,
    },
    Accept {
        listener: Socket,
        how: How,
    },
    /// Accepts one connection in each of several threads.
    AcceptInThreads {
        listener: Socket,
        threads: usize,
    },
    /// Connects a UDP socket, and connects and accepts a Unix socket. None of them is TCP.
    NotTcp,
    /// Connects and accepts many times.
    Storm {
        connections: usize,
        threads: usize,
    },
    Close(Socket),
    /// Closes at once with an RST (`SO_LINGER` 0).
    Reset(Socket),
    /// Names the process.
    Rename(Vec<u8>),
    /// Moves to a new network namespace.
    LeaveNetwork,
    /// Makes a pair of connected devices: one here, one in the network namespace of a process.
    AddVeth {
        name: String,
        peer: String,
        peer_pid: u32,
    },
    /// Gives a network device an address.
    AddAddress {
        device: String,
        address: IpAddr,
        prefix: u8,
    },
    /// Sets a network device up.
    Up(String),
    /// Allows MPTCP connections one more subflow, from this address.
    AddMptcpSubflow(Ipv4Addr),
    /// Sets one of the network namespace's settings, by its path below `/proc/sys`.
    SetSysctl {
        path: PathBuf,
        value: String,
    },
    /// Limits the number of descriptors.
    LimitDescriptors(u64),
}

/// A socket to be made.
#[expect(clippy::struct_excessive_bools, reason = "a socket has as many switches")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) family: Family,
    pub(crate) mptcp: bool,
    pub(crate) v6only: Option<bool>,
    pub(crate) nonblocking: bool,
    pub(crate) reuse_addr: bool,
    pub(crate) reuse_port: bool,
    /// Defers a connect to the first data (`TCP_FASTOPEN_CONNECT`).
    pub(crate) deferred: bool,
    /// Restores a connection instead of making one (`TCP_REPAIR`).
    pub(crate) repair: bool,
    pub(crate) bind: Option<SocketAddr>,
}

impl Open {
    pub(crate) fn new(family: Family) -> Self {
        Self {
            family,
            mptcp: false,
            v6only: None,
            nonblocking: false,
            reuse_addr: false,
            reuse_port: false,
            deferred: false,
            repair: false,
            bind: None,
        }
    }

    pub(crate) fn inet() -> Self {
        Self::new(Family::Inet)
    }

    pub(crate) fn inet6() -> Self {
        Self::new(Family::Inet6)
    }

    pub(crate) fn mptcp(self) -> Self {
        Self { mptcp: true, ..self }
    }

    pub(crate) fn v6only(self, v6only: bool) -> Self {
        Self { v6only: Some(v6only), ..self }
    }

    pub(crate) fn nonblocking(self, nonblocking: bool) -> Self {
        Self { nonblocking, ..self }
    }

    pub(crate) fn reuse_addr(self) -> Self {
        Self { reuse_addr: true, ..self }
    }

    pub(crate) fn reuse_port(self) -> Self {
        Self { reuse_port: true, ..self }
    }

    pub(crate) fn deferred(self) -> Self {
        Self { deferred: true, ..self }
    }

    pub(crate) fn repair(self) -> Self {
        Self { repair: true, ..self }
    }

    pub(crate) fn bind(self, address: impl Into<SocketAddr>) -> Self {
        Self { bind: Some(address.into()), ..self }
    }
}

/// How a system call is made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct How {
    pub(crate) via: Via,
    /// In a thread of this name instead of the main thread.
    pub(crate) thread: Option<Vec<u8>>,
    /// Reads the socket's cookie before the call instead of after it, where that is possible.
    pub(crate) cookie_first: bool,
}

/// The way into the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Via {
    /// `connect(2)`, `accept(2)`.
    #[default]
    Call,
    /// `accept4(2)`, with `SOCK_NONBLOCK` and `SOCK_CLOEXEC`.
    Accept4,
    /// `io_uring`, in the calling thread.
    Uring,
    /// `io_uring`, in a worker thread of the kernel (`IOSQE_ASYNC`).
    UringWorker,
}

/// What an actor answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done,
    /// A socket, and the address that it is bound to.
    Opened(Socket, SocketAddr),
    Flow(Box<Flow>),
    /// An accept failed, with this error.
    NotAccepted(i32),
    Flows(Vec<Flow>),
    /// What failed and should not have, as a sentence.
    Failed(String),
}

/// The first line of an actor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Its PID, as its own namespace numbers it.
    pub(crate) pid: u32,
    pub(crate) netns: u64,
}

/// `127.0.0.1`.
pub(crate) fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// `::1`.
pub(crate) fn v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

/// `::ffff:127.0.0.1`.
pub(crate) fn mapped(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), port).into()
}
