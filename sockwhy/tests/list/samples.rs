//! Sockets of every kind and state, in the calling thread's network namespace, and what is known of each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;

use socket2::{Domain, Protocol, Socket, Type};

use crate::host;
use crate::kinds::{Client, Listener};
use crate::late_listener::LateListener;
use crate::open::port;
use crate::outcome::Outcome;

impl Listener {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Inet => "IPv4",
            Self::DualStack => "dual-stack",
            Self::V6Only | Self::Loopback6 => "IPv6-only",
            Self::Mapped => "IPv4-over-AF_INET6",
        }
    }

    /// What the reason of an accepted connection says of it.
    fn described(self) -> &'static str {
        match self {
            Self::Inet => "by an AF_INET listener",
            Self::DualStack => "by a dual-stack AF_INET6 listener",
            Self::V6Only => "by an IPv6-only AF_INET6 listener",
            Self::Loopback6 => "bound to one IPv6 address, ::1",
            Self::Mapped => "bound to the IPv4-mapped address ::ffff:127.0.0.1",
        }
    }
}

/// What the process that has a socket knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) cookie: u64,
    pub(crate) v6only: Option<bool>,
    pub(crate) fd: u32,
    /// Words that the reason must have, where the test knows them.
    pub(crate) why: Vec<String>,
}

/// Sockets, open as long as it lives.
#[derive(Default)]
pub(crate) struct Samples {
    sockets: Vec<(Socket, Vec<String>)>,
}

impl Samples {
    /// Several hundred.
    pub(crate) fn open() -> Outcome<Self> {
        let mut samples = Self::default();
        samples.add_mixtures(8)?;
        samples.add_states()?;
        Ok(samples)
    }

    pub(crate) fn keep(&mut self, socket: Socket) -> &Socket {
        self.keep_because(socket, &[])
    }

    fn keep_because(&mut self, socket: Socket, why: &[&str]) -> &Socket {
        self.sockets.push((socket, why.iter().map(|word| (*word).to_owned()).collect()));
        &self.sockets.last().expect("it has just been added").0
    }

    /// By inode number.
    pub(crate) fn known(&self) -> Outcome<BTreeMap<u64, Known>> {
        self.sockets.iter().map(|(socket, why)| Ok((inode(socket)?, know(socket, why.clone())?))).collect()
    }

    /// Every client of every listener that takes it, several times, and one each that nobody accepts.
    pub(crate) fn add_mixtures(&mut self, times: usize) -> Outcome {
        for &kind in Listener::all() {
            let listener = kind.open(None)?;
            let port = port(&listener)?;
            for &from in Client::all().iter().filter(|from| kind.takes(**from)) {
                for _ in 0..times {
                    let (client, accepted) = connect(&listener, from)?;
                    self.keep_because(client, &["connect() on an AF_INET", "the other end is "]);
                    self.keep_because(accepted, &["accepted on ", kind.described(), "the other end is "]);
                }
                let waiting = from.open(None)?;
                waiting.connect(&from.target(port).into())?;
                self.keep_because(waiting, &["connect() on an AF_INET"]);
            }
            self.keep(listener);
        }
        self.add_closed_listeners()?;
        self.add_late_listener()?;
        if host::has_ipv6() { self.add_bound_client() } else { Ok(()) }
    }

    /// Accepted, where the listener is closed since.
    fn add_closed_listeners(&mut self) -> Outcome {
        for &kind in Listener::all() {
            for &from in Client::all().iter().filter(|from| kind.takes(**from)) {
                let (client, accepted) = connect(&kind.open(None)?, from)?;
                self.keep_because(client, &["connect() on an AF_INET"]);
                self.keep_because(accepted, &["accepted by a listener that is not there now"]);
            }
        }
        Ok(())
    }

    /// A connection from a port that a listener takes later.
    fn add_late_listener(&mut self) -> Outcome {
        let LateListener { listener, client, accepted, late } = LateListener::open(Ipv4Addr::UNSPECIFIED)?;
        self.keep_because(client, &["connect() on an AF_INET socket"]);
        self.keep_because(accepted, &["accepted on ", "AF_INET listener"]);
        self.keep(late);
        self.keep(listener);
        Ok(())
    }

    fn add_bound_client(&mut self) -> Outcome {
        // A connect from a port of one's own choice does not come from the listener on it, even if there is one.
        let listener = Listener::DualStack.open(None)?;
        let client = Client::Inet6.open(None)?;
        client.set_reuse_address(true)?;
        let other = Socket::new(Domain::IPV6, Type::STREAM, None)?;
        other.set_reuse_address(true)?;
        other.bind(&SocketAddr::from((Ipv6Addr::LOCALHOST, 0)).into())?;
        client.bind(&other.local_addr()?)?;
        other.listen(1)?;
        client.connect(&Client::Inet6.target(port(&listener)?).into())?;
        self.keep_because(client, &["connect() on an AF_INET6 socket to an IPv6 address"]);
        self.keep(other);
        self.keep(listener);
        Ok(())
    }

    /// Every state that a socket can be left in.
    pub(crate) fn add_states(&mut self) -> Outcome {
        let mut kinds = vec![(Listener::Inet, Client::Inet)];
        if host::has_ipv6() {
            kinds.push((Listener::DualStack, Client::Mapped));
        }
        for (kind, from) in kinds {
            let listener = kind.open(None)?;
            // TIME_WAIT: the first to close.
            let (client, accepted) = connect(&listener, from)?;
            drop(client);
            drop(accepted);
            // FIN_WAIT2 without a process, and CLOSE_WAIT.
            let (client, accepted) = connect(&listener, from)?;
            drop(client);
            self.keep_because(accepted, &["accepted on "]);
            // FIN_WAIT2 with one.
            let (client, accepted) = connect(&listener, from)?;
            client.shutdown(std::net::Shutdown::Write)?;
            self.keep(client);
            self.keep(accepted);
            // FIN_WAIT1 without one: what it has sent is not taken.
            let (client, accepted) = connect(&listener, from)?;
            fill(&client)?;
            drop(client);
            self.keep(accepted);
            // LAST_ACK without one.
            let (client, accepted) = connect(&listener, from)?;
            fill(&accepted)?;
            client.shutdown(std::net::Shutdown::Write)?;
            self.keep(client);
            drop(accepted);
            // SYN_RECV: the listener waits for data.
            let patient = kind.open(None)?;
            defer_accept(&patient)?;
            let client = from.open(None)?;
            client.connect(&from.target(port(&patient)?).into())?;
            self.keep(client);
            self.keep(patient);
            // SYN_SENT: there is no room in the listener's queue, so it does not answer.
            let full = kind.open(None)?;
            full.listen(0)?;
            for _ in 0..3 {
                let client = from.open(None)?;
                client.set_nonblocking(true)?;
                match client.connect(&from.target(port(&full)?).into()) {
                    Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error.into()),
                    _ => {}
                }
                self.keep_because(client, &["connect() on an AF_INET"]);
            }
            self.keep(full);
            // Refused, so it is in no table any more.
            let refused = from.open(None)?;
            assert!(refused.connect(&from.target(1).into()).is_err(), "somebody listens on port 1");
            self.keep(listener);
        }
        Ok(())
    }
}

/// A client's socket, and the one that the listener accepts.
pub(crate) fn connect(listener: &Socket, from: Client) -> Outcome<(Socket, Socket)> {
    connect_with(listener, from, None)
}

pub(crate) fn connect_with(listener: &Socket, from: Client, kind: Option<Protocol>) -> Outcome<(Socket, Socket)> {
    let client = from.open(kind)?;
    client.connect(&from.target(port(listener)?).into())?;
    Ok((client, listener.accept()?.0))
}

/// The number of its file.
pub(crate) fn inode(socket: impl AsFd) -> Outcome<u64> {
    Ok(File::from(socket.as_fd().try_clone_to_owned()?).metadata()?.ino())
}

fn know(socket: &Socket, why: Vec<String>) -> io::Result<Known> {
    Ok(Known {
        cookie: socket.cookie()?,
        v6only: if socket.domain()? == Domain::IPV6 { Some(socket.only_v6()?) } else { None },
        fd: socket.as_raw_fd().unsigned_abs(),
        why,
    })
}

/// Sends until there is no more room on the way.
fn fill(mut socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let room = [0; 1 << 14];
    loop {
        match socket.write(&room) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            sent => drop(sent?),
        }
    }
}

/// Has the listener wait for data before it takes a connection for one.
fn defer_accept(listener: &Socket) -> io::Result<()> {
    let seconds: libc::c_int = 60;
    let length = libc::socklen_t::try_from(size_of_val(&seconds)).expect("it is small");
    // SAFETY: the option's value is an int, which is valid to read.
    let result = unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
