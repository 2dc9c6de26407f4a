//! What a process knows of a connection that it made or accepted, compared with its event.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::event::Event;

/// In nanoseconds. sockwhy turns monotonic time into a date by the difference of two clocks, read one after the other.
/// This is small enough to notice a wrong epoch, or the time of reading instead of the event's, and large enough for
/// any machine.
const CLOCK_TOLERANCE: u64 = 1_000_000_000;

/// A socket's address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Family {
    Inet,
    Inet6,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Connect,
    Accept,
}

/// One connection, as the acting process saw it through its own system calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) kind: Kind,
    /// `None` where the tracer cannot see the process.
    pub(crate) pid: Option<u32>,
    /// `None` where any thread is right.
    pub(crate) tid: Option<u32>,
    pub(crate) uid: u32,
    /// The names, as `/proc` has them.
    pub(crate) process: Vec<u8>,
    /// `None` where any thread is right.
    pub(crate) thread: Option<Vec<u8>>,
    /// Of the socket, not of the process.
    pub(crate) netns: u64,
    /// `None` where no cgroup v2 is mounted.
    pub(crate) cgroup_id: Option<u64>,
    /// `None` where the process did not read it.
    pub(crate) cookie: Option<u64>,
    pub(crate) family: Family,
    pub(crate) mptcp: bool,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) v6only: Option<bool>,
    /// The dates before and after the system call, in nanoseconds since 1970.
    pub(crate) began: u64,
    pub(crate) ended: u64,
    /// The error of the system call.
    pub(crate) error: Option<i32>,
    /// The actor's number for the socket.
    pub(crate) socket: usize,
    /// Whether the thread was in `accept()` before the tracer started, so that the listener may be unknown.
    pub(crate) was_blocked: bool,
    /// Whether the tracer may not know the cookie.
    pub(crate) cookie_unknown: bool,
    /// What the reason must say of the listener, where the backend knows it.
    pub(crate) listener: Option<String>,
    /// The name that error messages use.
    pub(crate) name: String,
}

impl Flow {
    /// Gives it a name for error messages.
    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Whether the peer's address travels as IPv4.
    pub(crate) fn is_ipv4(&self) -> bool {
        self.peer_addr().is_ipv4()
    }

    /// The label that it must get.
    pub(crate) fn label(&self) -> &'static str {
        match (self.family, self.is_ipv4()) {
            (Family::Inet, _) => "IPv4",
            (Family::Inet6, true) => "IPv4-over-AF_INET6",
            (Family::Inet6, false) => "IPv6",
        }
    }

    /// The peer's address, without `::ffff:`.
    pub(crate) fn peer_addr(&self) -> IpAddr {
        self.peer.ip().to_canonical()
    }

    /// The local address, without `::ffff:`. A refused socket has lost it; on the loopback device it is the peer's.
    fn local_addr(&self) -> IpAddr {
        let local = self.local.ip().to_canonical();
        if !local.is_unspecified() {
            return local;
        }
        let peer = self.peer_addr();
        assert!(peer.is_loopback(), "{self:?} has lost its address");
        match peer {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// Whether the event is of this flow.
    fn matches(&self, event: &Event) -> bool {
        event.str("event") == self.event()
            && event.int("pid") == self.pid.map(u64::from)
            && event.int("local_port") == Some(self.local.port().into())
            && event.int("peer_port") == Some(self.peer.port().into())
    }

    pub(crate) fn event(&self) -> &'static str {
        match self.kind {
            Kind::Connect => "connect",
            Kind::Accept => "accept",
        }
    }

    /// Every field that has exactly one right value.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let (family, netstat) = match self.family {
            Family::Inet => ("AF_INET", "tcp"),
            Family::Inet6 => ("AF_INET6", "tcp6"),
        };
        let mut fields = vec![
            ("event", json!(self.event())),
            ("pid", json!(self.pid)),
            ("uid", json!(self.uid)),
            ("netns", json!(self.netns)),
            ("family", json!(family)),
            ("ip_version", json!(if self.is_ipv4() { 4 } else { 6 })),
            ("label", json!(self.label())),
            ("netstat", json!(netstat)),
            ("local_addr", json!(self.local_addr().to_string())),
            ("local_port", json!(self.local.port())),
            ("peer_addr", json!(self.peer_addr().to_string())),
            ("peer_port", json!(self.peer.port())),
            ("v6only", json!(self.v6only)),
        ];
        if self.pid.is_none() || self.tid.is_some() {
            fields.push(("tid", json!(self.tid)));
        }
        if let Some(id) = self.cgroup_id {
            fields.push(("cgroup_id", json!(id)));
        }
        fields
    }

    /// Every field of `event` that is not as the process knows it.
    fn differences(&self, event: &Event, backend: Backend) -> Vec<String> {
        let mut found: Vec<_> = (self.fields().into_iter())
            .filter(|(field, value)| event.get(field) != value)
            .map(|(field, value)| format!("`{field}` is {}, not {value}", event.get(field)))
            .collect();
        if let Some(cookie) = self.cookie {
            // A subflow does not give the cookie of its MPTCP socket.
            let may_be_null = self.mptcp || self.cookie_unknown || !backend.tells_cookie();
            let is = event.int("cookie");
            if is != Some(cookie) && !(may_be_null && is.is_none()) {
                found.push(format!("`cookie` is {}, not {cookie}", event.get("cookie")));
            }
        }
        let names = [("process", Some(&self.process)), ("thread", self.thread.as_ref())];
        for (field, name) in names.into_iter().filter_map(|(field, name)| Some((field, name?))) {
            if event.name(field) != *name {
                let name = name.escape_ascii();
                found.push(format!("`{field}` is {}, not \"{name}\"", event.get(field)));
            }
        }
        let time = event.time();
        if time + CLOCK_TOLERANCE < self.began || time > self.ended + CLOCK_TOLERANCE {
            found.push(format!("`time` is {time}, not between {} and {}", self.began, self.ended));
        }
        found.extend(self.errors_in_why(event.str("why"), backend).into_iter().map(|error| format!("`why` {error}")));
        found
    }

    /// What is wrong with the reason that an event gives.
    fn errors_in_why(&self, why: &str, backend: Backend) -> Vec<String> {
        let mut errors = Vec::new();
        let mut says = |what: &str, should: bool| {
            if why.contains(what) != should {
                errors.push(format!("{} {what:?}: {why:?}", if should { "lacks" } else { "should not say" }));
            }
        };
        says("\n", false);
        says("MPTCP", self.mptcp);
        match (self.kind, self.label()) {
            (Kind::Connect, "IPv4") => says("AF_INET6", false),
            (Kind::Connect, "IPv6") => {
                says("AF_INET6", true);
                says("::ffff:", false);
            }
            (Kind::Connect, _) => {
                says("AF_INET6", true);
                says(&format!("::ffff:{}", self.peer_addr()), true);
            }
            (Kind::Accept, _) => {
                says("accepted", true);
                says(&self.local.port().to_string(), true);
                says("AF_INET6", self.family == Family::Inet6);
                if let Some(listener) = &self.listener
                    && backend.knows_listener()
                    && !self.was_blocked
                {
                    says(listener, true);
                }
            }
        }
        errors
    }
}

/// As its event should be.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields().into_iter().map(|(name, value)| (name.to_owned(), value));
        write!(f, "{} of \"{}\"", Value::Object(fields.collect()), self.process.escape_ascii())?;
        if let Some(error) = self.error { write!(f, ", error {error}") } else { Ok(()) }
    }
}

/// Asserts that there is exactly one event for each flow, that it says what the flow's process knows, and that there is
/// no other event.
pub(crate) fn assert_same(events: &[Event], flows: &[Flow], backend: Backend) {
    let mut left: Vec<_> = events.iter().collect();
    let mut report = String::new();
    for flow in flows {
        let Some(index) = left.iter().position(|event| flow.matches(event)) else {
            let _ = writeln!(report, "no event for {}\n    {flow}", flow.name);
            continue;
        };
        let event = left.remove(index);
        let differences = flow.differences(event, backend);
        if !differences.is_empty() {
            let _ = writeln!(report, "{}: {}\n    {event}\n    {flow}", flow.name, differences.join("; "));
        }
    }
    for event in left {
        let _ = writeln!(report, "nobody did this: {event}");
    }
    assert!(report.is_empty(), "{} events for {} flows\n{report}", events.len(), flows.len());
}
