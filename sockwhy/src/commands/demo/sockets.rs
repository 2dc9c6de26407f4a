//! The sockets of the demo.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use crate::exit::Failure;
use crate::model::Remedy;

/// Far longer than a connection within the machine takes, unless a firewall drops it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of other clients that are closed before the demo gives up.
const MAX_OTHER_CLIENTS: usize = 100;

/// Why the demo failed.
#[derive(Debug, Error)]
pub(super) enum DemoError {
    /// The listener cannot be made.
    #[error("cannot make an AF_INET6 listener: {0}")]
    Listener(io::Error),
    /// The client cannot connect, though it should be able to.
    #[error("an AF_INET client cannot connect to 127.0.0.1:{0}: {1}")]
    Client(u16, io::Error),
    /// The client could connect although `IPV6_V6ONLY` is set.
    #[error("an AF_INET client could connect to 127.0.0.1:{0} although the listener has IPV6_V6ONLY set")]
    NotRefused(u16),
}

impl Failure for DemoError {
    fn remedy(&self, _command: &str) -> Option<Remedy> {
        match self {
            Self::Listener(_) => Some(Remedy::new("see whether this kernel has IPv6", "cat /proc/net/if_inet6")),
            Self::Client(..) => Some(Remedy::new("see whether a firewall refuses it", "sudo nft list ruleset")),
            Self::NotRefused(_) => None,
        }
    }
}

/// The sockets of the demo. They are closed when it is dropped.
#[derive(Debug)]
pub(super) struct Demo {
    /// The listener has `IPV6_V6ONLY` set.
    pub(super) v6only: bool,
    /// The port of the listener.
    pub(super) port: u16,
    /// Why the client was refused; `None` where it was not.
    pub(super) refused: Option<io::Error>,
    _listener: TcpListener,
    _ends: Option<[TcpStream; 2]>,
}

impl Demo {
    /// An `AF_INET6` listener on `::`, as many servers make it, and an `AF_INET` client that connects to it.
    pub(super) fn new(v6only: bool) -> Result<Self, DemoError> {
        let (listener, port) = listen(v6only).map_err(DemoError::Listener)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match (TcpStream::connect_timeout(&address, CONNECT_TIMEOUT), v6only) {
            (Ok(client), false) => {
                let accepted = accept(&listener, &client).map_err(|error| DemoError::Client(port, error))?;
                Ok(Self { v6only, port, refused: None, _listener: listener, _ends: Some([client, accepted]) })
            }
            (Err(error), true) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Ok(Self { v6only, port, refused: Some(error), _listener: listener, _ends: None })
            }
            (Ok(_), true) => Err(DemoError::NotRefused(port)),
            (Err(error), _) => Err(DemoError::Client(port, error)),
        }
    }
}

fn listen(v6only: bool) -> io::Result<(TcpListener, u16)> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(v6only)?;
    // Nobody on the network should reach it.
    if let Err(error) = socket.bind_device(Some(b"lo")) {
        log::debug!("the listener cannot be bound to the loopback device: {error}");
    }
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?;
    socket.listen(1)?;
    let listener = TcpListener::from(socket);
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// The other end of the client's connection.
fn accept(listener: &TcpListener, client: &TcpStream) -> io::Result<TcpStream> {
    let client = client.local_addr()?;
    for _ in 0..MAX_OTHER_CLIENTS {
        let (accepted, peer) = listener.accept()?;
        if (peer.ip().to_canonical(), peer.port()) == (client.ip(), client.port()) {
            return Ok(accepted);
        }
    }
    Err(io::Error::other("too many other clients connect"))
}
