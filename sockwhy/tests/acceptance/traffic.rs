//! The connections that the issue is about: every kind of listener, client and connect, between two processes.

use std::net::SocketAddr;

use crate::{
    actor::{
        Actor,
        command::{Command, Open, mapped, v4, v6},
    },
    flow::Flow,
    host,
    outcome::Outcome,
};

/// A kind of listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    Inet,
    DualStack,
    V6Only,
    Loopback6,
    Mapped,
}

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Inet,
    Inet6,
    Mapped,
}

impl Listener {
    pub(crate) const ALL: [Self; 5] = [Self::Inet, Self::DualStack, Self::V6Only, Self::Loopback6, Self::Mapped];

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

    /// Whether it takes such a client.
    pub(crate) fn takes(self, client: Client) -> bool {
        match self {
            Self::DualStack => true,
            Self::Inet | Self::Mapped => client != Client::Inet6,
            Self::V6Only | Self::Loopback6 => client == Client::Inet6,
        }
    }

    fn needs_ipv6(self) -> bool {
        self != Self::Inet
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
    pub(crate) const ALL: [Self; 3] = [Self::Inet, Self::Inet6, Self::Mapped];

    pub(crate) fn open(self) -> Open {
        match self {
            Self::Inet => Open::inet(),
            Self::Inet6 | Self::Mapped => Open::inet6().v6only(false),
        }
    }

    /// Where it reaches a port of this machine.
    pub(crate) fn target(self, port: u16) -> SocketAddr {
        match self {
            Self::Inet => v4(port),
            Self::Inet6 => v6(port),
            Self::Mapped => mapped(port),
        }
    }

    pub(crate) fn needs_ipv6(self) -> bool {
        self != Self::Inet
    }
}

/// Every client, blocking and not, connects to a listener of that kind; those that it takes are accepted. Gives the
/// flows in the order in which they happen. Without IPv6 only what needs none is done.
pub(crate) fn with_listener(kind: Listener, client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    let has_ipv6 = host::has_ipv6();
    if kind.needs_ipv6() && !has_ipv6 {
        return Ok(Vec::new());
    }
    let (listener, address) = server.listen(kind.open())?;
    let mut flows = Vec::new();
    for from in Client::ALL.into_iter().filter(|from| has_ipv6 || !from.needs_ipv6()) {
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
            flows.push(connected.called(&what));
            if sockets.1 {
                let accepted = server.accept(listener)?;
                server.perform(&Command::Close(accepted.socket))?;
                let accepted = Flow { listener: Some(kind.described().to_owned()), ..accepted };
                flows.push(accepted.called(format!("accept of the {what}")));
            }
            client.perform(&Command::Close(sockets.0))?;
        }
    }
    Ok(flows)
}

/// All of it.
pub(crate) fn mixture(client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    let mut flows = Vec::new();
    for listener in Listener::ALL {
        flows.extend(with_listener(listener, client, server)?);
    }
    Ok(flows)
}
