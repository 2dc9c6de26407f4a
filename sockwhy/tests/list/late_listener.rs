//! A listener on the port that a connection has come from. Ports alone then tell nothing of who has connected.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::Socket;

use crate::kinds::{Client, Listener};
use crate::open::port;
use crate::outcome::{Outcome, Stop};

/// A connection, its listener, and the listener that has taken the client's port.
pub(crate) struct LateListener {
    pub(crate) listener: Socket,
    pub(crate) client: Socket,
    pub(crate) accepted: Socket,
    pub(crate) late: Socket,
}

impl LateListener {
    /// The late one listens on `address`.
    pub(crate) fn open(address: Ipv4Addr) -> Outcome<Self> {
        const ATTEMPTS: usize = 100;
        let listener = Listener::Inet.open(None)?;
        for _ in 0..ATTEMPTS {
            let client = Client::Inet.open(None)?;
            client.set_reuse_address(true)?;
            client.connect(&Client::Inet.target(port(&listener)?).into())?;
            let (accepted, _) = listener.accept()?;
            let late = Client::Inet.open(None)?;
            late.set_reuse_address(true)?;
            match late.bind(&SocketAddr::from((address, port(&client)?)).into()) {
                Ok(()) => {
                    late.listen(1)?;
                    return Ok(Self { listener, client, accepted, late });
                }
                // The kernel gives one port to connections that go to different places, and another socket has this one.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Stop::failed(format!("none of {ATTEMPTS} ports was the client's alone")))
    }
}
