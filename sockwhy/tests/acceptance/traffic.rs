//! Every kind of listener, client and connect, between two processes.

use crate::actor::Actor;
use crate::actor::command::{Command, Open, mapped, v6};
use crate::flow::Flow;
use crate::kinds::{Client, Listener};
use crate::outcome::Outcome;

impl Listener {
    pub(crate) fn open(self) -> Open {
        let any = |open: Open| open.bind(([0_u16; 8], 0));
        match self {
            Self::Inet => Open::inet().bind(([0, 0, 0, 0], 0)),
            Self::DualStack => any(Open::inet6().v6only(false)),
            Self::V6Only => any(Open::inet6().v6only(true)),
            Self::Loopback6 => Open::inet6().bind(v6(0)),
            Self::Mapped => Open::inet6().v6only(false).bind(mapped(0)),
        }
    }

    /// What the reason of an accept says of it.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::Inet => "an AF_INET listener",
            Self::DualStack => "a dual-stack AF_INET6 listener",
            Self::V6Only => "an IPv6-only AF_INET6 listener",
            Self::Loopback6 => "bound to one IPv6 address, ::1",
            Self::Mapped => "bound to the IPv4-mapped address ::ffff:127.0.0.1",
        }
    }
}

impl Client {
    pub(crate) fn open(self) -> Open {
        match self {
            Self::Inet => Open::inet(),
            Self::Inet6 | Self::Mapped => Open::inet6().v6only(false),
        }
    }
}

/// Every client, blocking and not, connects to a listener of that kind, which accepts those that it can take. Returns
/// the flows in their order. Without IPv6, it makes only those that need none.
pub(crate) fn with_listener(kind: Listener, client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    if !Listener::all().contains(&kind) {
        return Ok(Vec::new());
    }
    let (listener, address) = server.listen(kind.open())?;
    let mut flows = Vec::new();
    for &from in Client::all() {
        for nonblocking in [false, true] {
            let mode = if nonblocking { "non-blocking" } else { "blocking" };
            let what = format!("{mode} {from:?} client of a {kind:?} listener");
            let connected = client.connect(from.open().nonblocking(nonblocking), from.target(address.port()))?;
            let is_expected = match connected.error {
                None => !nonblocking && kind.takes(from),
                Some(libc::EINPROGRESS) => nonblocking,
                Some(libc::ECONNREFUSED) => !nonblocking && !kind.takes(from),
                Some(_) => false,
            };
            assert!(is_expected, "the test is wrong about the {what}: {connected:?}");
            let sockets = (connected.socket, kind.takes(from));
            flows.push(connected.named(&what));
            if sockets.1 {
                let accepted = server.accept(listener)?;
                server.perform(&Command::Close(accepted.socket))?;
                let accepted = Flow { listener: Some(kind.described().to_owned()), ..accepted };
                flows.push(accepted.named(format!("accept of the {what}")));
            }
            client.perform(&Command::Close(sockets.0))?;
        }
    }
    Ok(flows)
}

/// All of it.
pub(crate) fn mixture(client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    let mut flows = Vec::new();
    for &listener in Listener::all() {
        flows.extend(with_listener(listener, client, server)?);
    }
    Ok(flows)
}
