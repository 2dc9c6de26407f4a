//! `sockwhy demo`: the sockets of the question, made here and explained.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use crate::{
    explain::{ExplainError, explain},
    explanation::{Explanation, Target},
    plan::NetnsChoice,
};

/// Far longer than a connection within the machine takes, unless a firewall drops it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections of others that are turned away before the client's.
const STRANGERS: usize = 100;

/// Why there is nothing to show.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The listener cannot be made.
    #[error("cannot make an AF_INET6 listener: {0}; does this kernel have IPv6? cat /proc/net/if_inet6")]
    Listener(io::Error),
    /// The client cannot connect, though it should be able to.
    #[error("an AF_INET client cannot connect to 127.0.0.1:{0}: {1}; is there a firewall? nft list ruleset")]
    Client(u16, io::Error),
    /// It did although `IPV6_V6ONLY` is set.
    #[error("an AF_INET client could connect to 127.0.0.1:{0} although the listener has IPV6_V6ONLY set")]
    NotRefused(u16),
    /// The sockets are there and cannot be explained.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// The sockets of the question. They are closed when it is dropped.
#[derive(Debug)]
pub struct Demo {
    /// The listener has `IPV6_V6ONLY` set.
    pub v6only: bool,
    /// The port of the listener.
    pub port: u16,
    /// Why the client was refused; `None` where it was not.
    pub refused: Option<io::Error>,
    _listener: TcpListener,
    _ends: Option<[TcpStream; 2]>,
}

impl Demo {
    /// An `AF_INET6` listener on `::` as the question's program makes it, and an `AF_INET` client that connects to it.
    ///
    /// # Errors
    /// Where the sockets cannot be made, or do not behave as they should.
    pub fn new(v6only: bool) -> Result<Self, DemoError> {
        let (listener, port) = listen(v6only).map_err(DemoError::Listener)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match (TcpStream::connect_timeout(&address, PATIENCE), v6only) {
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

    /// Explains the sockets as `sockwhy explain` does, which are all that this process has.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn explain<T>(&self, show: impl FnOnce(&Explanation<'_>) -> T) -> Result<T, DemoError> {
        Ok(explain(Target::Process(std::process::id()), NetnsChoice::Own, show)?)
    }
}

fn listen(v6only: bool) -> io::Result<(TcpListener, u16)> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(v6only)?;
    // Nobody on the network has any business with it.
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
    for _ in 0..STRANGERS {
        let (accepted, peer) = listener.accept()?;
        if (peer.ip().to_canonical(), peer.port()) == (client.ip(), client.port()) {
            return Ok(accepted);
        }
    }
    Err(io::Error::other("other clients connect all the time"))
}
