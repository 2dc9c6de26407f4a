//! What a tired person needs to know.

use super::Target;
use super::group::{Group, Kind, ports};
use crate::model::{Family, Label};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether IPv4 clients can connect; `None` where nothing listens, or some ports take them and others do not.
    pub accepts_ipv4: Option<bool>,
    /// Whether IPv6 clients can, likewise.
    pub accepts_ipv6: Option<bool>,
    /// Whether something that netstat lists as `tcp6` refuses IPv4.
    pub problem: bool,
    /// One sentence.
    pub text: String,
}

/// What the listeners on a port accept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Accepts {
    Ipv6Only,
    BothByOne,
    BothByTwo,
    Ipv4ByInet6,
    Ipv4ByInet,
}

impl Accepts {
    fn of(group: &Group<'_>) -> Self {
        let beside = group.evidence.ipv4_listener_beside(group.first()).is_some();
        match group.first().label {
            Label::DualStack => Self::BothByOne,
            Label::Ipv6Only | Label::Ipv6 if beside => Self::BothByTwo,
            Label::Ipv6Only | Label::Ipv6 => Self::Ipv6Only,
            Label::Ipv4OverAfInet6 => Self::Ipv4ByInet6,
            Label::Ipv4 => Self::Ipv4ByInet,
        }
    }

    fn ipv4(self) -> bool {
        self != Self::Ipv6Only
    }

    fn ipv6(self) -> bool {
        matches!(self, Self::Ipv6Only | Self::BothByOne | Self::BothByTwo)
    }

    /// Words that follow "accepts".
    fn text(self, ports: &str) -> String {
        match self {
            Self::Ipv6Only => format!("refuses IPv4 on {ports}, where it takes IPv6 only"),
            Self::BothByOne => format!("accepts IPv4 as well as IPv6 on {ports}, with one socket for both"),
            Self::BothByTwo => format!("accepts IPv4 as well as IPv6 on {ports}, with a socket for each"),
            Self::Ipv4ByInet6 => format!("accepts IPv4 only on {ports}, although the socket is AF_INET6"),
            Self::Ipv4ByInet => format!("accepts IPv4 only on {ports}, with an AF_INET socket"),
        }
    }
}

/// The ports, by what they accept: what refuses IPv4 first.
fn listening(groups: &[Group<'_>]) -> Vec<(Accepts, Vec<u16>)> {
    let mut found: Vec<(Accepts, Vec<u16>)> = Vec::new();
    for group in groups.iter().filter(|group| group.kind == Kind::Listener) {
        let accepts = Accepts::of(group);
        match found.iter_mut().find(|(known, _)| *known == accepts) {
            Some((_, ports)) => ports.extend(group.ports()),
            None => found.push((accepts, group.ports())),
        }
    }
    // The IPv4 half of a pair is not a port of its own.
    let pairs: Vec<_> =
        found.iter().filter(|(accepts, _)| accepts.ipv6()).flat_map(|(_, ports)| ports.clone()).collect();
    for (accepts, ports) in &mut found {
        if !accepts.ipv6() {
            ports.retain(|port| !pairs.contains(port));
        }
        ports.sort_unstable();
        ports.dedup();
    }
    found.retain(|(_, ports)| !ports.is_empty());
    found.sort_unstable();
    found
}

/// The answer for these sockets.
pub(super) fn verdict(groups: &[Group<'_>], target: Target) -> Verdict {
    let listening = listening(groups);
    if listening.is_empty() {
        return Verdict { accepts_ipv4: None, accepts_ipv6: None, problem: false, text: connected(groups) };
    }
    let all = |accepted: fn(Accepts) -> bool| {
        let mut answers = listening.iter().map(|(accepts, _)| accepted(*accepts));
        let first = answers.next()?;
        answers.all(|answer| answer == first).then_some(first)
    };
    let problem = listening.iter().any(|(accepts, _)| *accepts == Accepts::Ipv6Only);
    let text = if is_of_connections(groups, target) {
        connected(groups)
    } else {
        let parts: Vec<_> = listening.iter().map(|(accepts, numbers)| accepts.text(&ports(numbers))).collect();
        format!("{} {}{}.", subject(groups), parts.join("; it "), conclusion(groups, problem))
    };
    Verdict { accepts_ipv4: all(Accepts::ipv4), accepts_ipv6: all(Accepts::ipv6), problem, text }
}

/// Whether the question was about a line of netstat that is no listener's; that came along, as what the socket came from.
fn is_of_connections(groups: &[Group<'_>], target: Target) -> bool {
    let Target::Address(address) = target else { return false };
    let is_meant =
        |group: &Group<'_>| group.sockets.iter().any(|socket| socket.local == address || socket.peer == Some(address));
    let mut meant = groups.iter().filter(|group| is_meant(group)).map(|group| group.kind).peekable();
    meant.peek().is_some() && meant.all(|kind| kind != Kind::Listener)
}

/// Words that end the answer for listeners.
fn conclusion(groups: &[Group<'_>], problem: bool) -> &'static str {
    let is_tcp6 = groups.iter().any(|group| group.first().family == Family::Inet6);
    match (problem, is_tcp6) {
        (true, _) => ": that is the problem, not that netstat says tcp6",
        (false, true) => ": tcp6 is no problem here",
        (false, false) => ": nothing here is tcp6",
    }
}

/// Who it is about: the process if it is one, else what listens.
fn subject(groups: &[Group<'_>]) -> String {
    let mut names: Vec<_> = groups
        .iter()
        .filter(|group| group.kind == Kind::Listener)
        .map(|group| (group.first().owners(), group.who()))
        .collect();
    names.dedup_by(|(_, one), (_, other)| one == other);
    match names.as_slice() {
        [(Some([_, ..]), who)] => who.clone(),
        [_] => "The socket".to_owned(),
        _ => "This machine".to_owned(),
    }
}

/// The answer for connections.
fn connected(groups: &[Group<'_>]) -> String {
    let groups: Vec<_> = groups.iter().filter(|group| group.kind != Kind::Listener).collect();
    let count =
        |label| groups.iter().filter(|group| group.first().label == label).map(|group| group.sockets.len()).sum();
    let (mapped, ipv6, ipv4): (usize, usize, usize) =
        (count(Label::Ipv4OverAfInet6), count(Label::Ipv6), count(Label::Ipv4));
    let connections =
        |count: usize| if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") };
    match (mapped, ipv6, ipv4) {
        (1, 0, 0) => "The connection is IPv4, over a socket that is AF_INET6: tcp6 is no problem here.".to_owned(),
        (0, 1, 0) => "The connection is IPv6, and tcp6 says so.".to_owned(),
        (0, 0, 1) => "The connection is IPv4, and its socket AF_INET: nothing here is tcp6.".to_owned(),
        (0, 0, ipv4) => format!("{}, IPv4 by AF_INET sockets: nothing here is tcp6.", connections(ipv4)),
        (0, ipv6, 0) => format!("{}, IPv6: tcp6 says so.", connections(ipv6)),
        (mapped, 0, 0) => {
            format!("{}, IPv4 over sockets that are AF_INET6: tcp6 is no problem here.", connections(mapped))
        }
        (mapped, ipv6, ipv4) => {
            let kinds = [(mapped, "IPv4 over AF_INET6 sockets"), (ipv6, "IPv6"), (ipv4, "IPv4 by AF_INET sockets")];
            let kinds: Vec<_> =
                kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            format!("{}, {}: tcp6 is no problem here.", connections(mapped + ipv6 + ipv4), kinds.join(", "))
        }
    }
}
