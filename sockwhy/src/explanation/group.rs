//! Sockets that are explained together, as all that is to be said of one is true of the others.

use std::fmt::Write;
use std::net::IpAddr;

use super::{Evidence, Holder};
use crate::model::socket::{Entry, Owner, State};
use crate::model::{Family, Label, Sanitized};

/// What the sockets of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// They listen.
    Listener,
    /// They came from a listener that is there.
    Accepted,
    /// They did not, as far as can be seen.
    Connection,
}

/// Sockets that are explained together, at least one.
pub(super) struct Group<'a> {
    pub(super) kind: Kind,
    pub(super) sockets: Vec<Entry<'a>>,
    pub(super) evidence: &'a Evidence<'a>,
}

/// Everything that decides what is said.
#[derive(PartialEq)]
struct Key<'a> {
    kind: Kind,
    netns: u32,
    family: Family,
    label: Label,
    v6only: Option<bool>,
    mptcp: bool,
    /// Of a listener: its address, and whether another socket takes IPv4 on its port.
    bound: Option<(IpAddr, bool)>,
    listener: Option<Entry<'a>>,
    /// Of a listener: the processes that hold it.
    owners: Option<Vec<Option<u32>>>,
    /// Of a connection: what the program is that holds it.
    runtime: Option<&'static str>,
    /// Of a connection: whether its other end is on this machine, and of which family.
    other_end: Option<Family>,
}

/// Puts sockets together, in the order in which they come.
pub(super) fn groups<'a>(sockets: &[Entry<'a>], evidence: &'a Evidence<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<(Key<'a>, Group<'a>)> = Vec::new();
    for &socket in sockets {
        let key = Key::of(socket, evidence);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.sockets.push(socket),
            None => groups.push((key, Group { kind: kind(socket), sockets: vec![socket], evidence })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn kind(socket: Entry<'_>) -> Kind {
    match (socket.state, socket.listener()) {
        (State::Listen, _) => Kind::Listener,
        (_, Some(_)) => Kind::Accepted,
        (_, None) => Kind::Connection,
    }
}

impl<'a> Key<'a> {
    fn of(socket: Entry<'a>, evidence: &Evidence<'_>) -> Self {
        let kind = kind(socket);
        let is_listener = kind == Kind::Listener;
        let owners =
            socket.owners().filter(|_| is_listener).map(|owners| owners.iter().map(|owner| owner.pid).collect());
        let holder = socket.owners().unwrap_or_default().iter().find_map(|owner| evidence.holder(owner.pid?));
        Self {
            kind,
            netns: socket.netns,
            family: socket.family,
            label: socket.label,
            v6only: socket.v6only,
            mptcp: socket.mptcp,
            bound: is_listener.then(|| (socket.local.ip(), evidence.ipv4_listener_beside(socket).is_some())),
            listener: socket.listener(),
            owners,
            runtime: holder
                .filter(|_| !is_listener)
                .and_then(|holder| holder.identity.runtime)
                .map(|runtime| runtime.name),
            other_end: socket.other_end().filter(|_| !is_listener).map(|other| other.family),
        }
    }
}

impl<'a> Group<'a> {
    /// One socket for all.
    pub(super) fn first(&self) -> Entry<'a> {
        self.sockets[0]
    }

    /// Whether it is about one socket.
    pub(super) fn is_one(&self) -> bool {
        self.sockets.len() == 1
    }

    /// "It" or "They", to begin a sentence that follows another on the same sockets.
    pub(super) fn it(&self) -> &'static str {
        if self.is_one() { "It" } else { "They" }
    }

    /// The word for one, or the word for several.
    pub(super) fn word(&self, one: &'static str, several: &'static str) -> &'static str {
        if self.is_one() { one } else { several }
    }

    /// The sockets, to begin a sentence with.
    pub(super) fn name(&self) -> String {
        let (first, count) = (self.first(), self.sockets.len());
        match (self.kind, first.peer) {
            (Kind::Listener, _) if self.is_one() => format!("The listener on {}", first.local),
            (Kind::Listener, _) => {
                let address = match first.local.ip() {
                    IpAddr::V4(address) => address.to_string(),
                    IpAddr::V6(address) => format!("[{address}]"),
                };
                format!("The {count} listeners on {address}, {}", ports(&self.ports()))
            }
            (Kind::Accepted, Some(peer)) if self.is_one() => format!("The connection from {peer}"),
            (Kind::Connection, Some(peer)) if self.is_one() => {
                format!("The connection between {} and {peer}", first.local)
            }
            (Kind::Accepted, _) => {
                format!("The {count} connections on port {} from {} peers", first.local.port(), version(first))
            }
            (Kind::Connection, _) => format!("The {count} connections to {} peers", version(first)),
        }
    }

    /// The local ports, each once.
    pub(super) fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<_> = self.sockets.iter().map(|socket| socket.local.port()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// The processes that hold the first socket, each once; `None` where nobody can be asked.
    pub(super) fn holders(&self) -> Option<Vec<&'a Holder>> {
        let owners = self.first().owners()?;
        let mut pids: Vec<_> = owners.iter().filter_map(|owner| owner.pid).collect();
        pids.dedup();
        Some(pids.into_iter().filter_map(|pid| self.evidence.holder(pid)).collect())
    }

    /// The first process that holds it.
    pub(super) fn holder(&self) -> Option<&'a Holder> {
        self.holders()?.first().copied()
    }

    /// Who holds the first socket: "java (PID 31307)".
    pub(super) fn who(&self) -> String {
        match self.first().owners() {
            None => "a process that this user may not see".to_owned(),
            Some([]) => "no process".to_owned(),
            Some([owner, ..]) => owner_name(owner),
        }
    }
    /// Whether systemd made these listeners: it holds them itself, or has told the process so (`sd_listen_fds(3)`).
    pub(super) fn is_of_systemd(&self) -> bool {
        /// `SD_LISTEN_FDS_START`: the first descriptor that is handed on.
        const FIRST: u32 = 3;
        let owners = self.first().owners().unwrap_or_default();
        let is_held = owners.iter().any(|owner| owner.pid == Some(1) && owner.process.as_bytes() == b"systemd");
        let is_handed_on = self.holder().is_some_and(|Holder { process, .. }| {
            let number = |name| std::str::from_utf8(process.variable(name)?).ok()?.parse::<u32>().ok();
            let handed_on = FIRST..FIRST.saturating_add(number("LISTEN_FDS").unwrap_or(0));
            let is_among = owners.iter().any(|owner| owner.pid == Some(process.pid) && handed_on.contains(&owner.fd));
            is_among && number("LISTEN_PID") == process.inner_pid()
        });
        self.kind == Kind::Listener && (is_held || is_handed_on)
    }
}

/// "java (PID 31307)", fit for a terminal.
pub(super) fn owner_name(owner: &Owner) -> String {
    let name = Sanitized::Text(owner.process.as_bytes());
    match owner.pid {
        Some(pid) => format!("{name} (PID {pid})"),
        None => format!("{name} (outside of this PID namespace)"),
    }
}

/// "port 80", "ports 80 and 443", "ports 80, 443, 8080 and 17 more".
pub(super) fn ports(ports: &[u16]) -> String {
    const SHOWN: usize = 5;
    let mut text = if ports.len() == 1 { "port ".to_owned() } else { "ports ".to_owned() };
    let shown = if ports.len() > SHOWN + 1 { SHOWN } else { ports.len() };
    for (index, port) in ports[..shown].iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == ports.len() => " and ",
            _ => ", ",
        };
        let _infallible = write!(text, "{before}{port}");
    }
    if shown < ports.len() {
        let _infallible = write!(text, " and {} more", ports.len() - shown);
    }
    text
}

fn version(socket: Entry<'_>) -> &'static str {
    match socket.label.ip_version() {
        Some(4) => "IPv4",
        Some(_) => "IPv6",
        None => "any",
    }
}
