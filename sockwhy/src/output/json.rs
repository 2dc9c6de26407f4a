//! NDJSON: one object per line, the fields and their order a promise to users (`docs`: the README's table).

use std::{fmt, fmt::Display, net::IpAddr};

use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::clock::Clock;
use crate::{
    flow::{Flow, Why},
    sanitize::Sanitized,
};

/// Writes flows as JSON.
#[derive(Debug)]
pub struct Json {
    clock: Clock,
}

impl Json {
    /// Times are written in UTC.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Clock::new(TimeZone::UTC, "%Y-%m-%dT%H:%M:%S") }
    }

    pub(super) fn flow(&mut self, out: &mut Vec<u8>, time: u64, flow: &Flow) {
        let (second, nanoseconds) = self.clock.read(time);
        let record = Record {
            time: Shown(Rfc3339 { second, nanoseconds }),
            event: flow.event.as_str(),
            pid: flow.pid,
            tid: flow.tid,
            uid: flow.uid,
            process: Shown(Sanitized::Json(flow.process.as_bytes())),
            thread: Shown(Sanitized::Json(flow.thread.as_bytes())),
            netns: flow.netns,
            cgroup_id: flow.cgroup_id,
            cookie: flow.cookie,
            family: flow.family.as_str(),
            ip_version: flow.label.ip_version(),
            label: flow.label.as_str(),
            netstat: flow.family.netstat(),
            local_addr: Shown(flow.local.ip()),
            local_port: flow.local.port(),
            peer_addr: Shown(flow.peer.ip()),
            peer_port: flow.peer.port(),
            v6only: flow.v6only,
            why: Shown(flow.why()),
        };
        line(out, &record);
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::new()
    }
}

/// An object on a line of its own.
pub(super) fn line(out: &mut Vec<u8>, object: &impl Serialize) {
    let written = serde_json::to_writer(&mut *out, object);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
    out.push(b'\n');
}

/// A line of `sockwhy trace -o json`.
#[derive(Serialize)]
struct Record<'a> {
    time: Shown<Rfc3339<'a>>,
    event: &'static str,
    pid: Option<u32>,
    tid: Option<u32>,
    uid: u32,
    process: Shown<Sanitized<'a>>,
    thread: Shown<Sanitized<'a>>,
    netns: u32,
    cgroup_id: Option<u64>,
    cookie: Option<u64>,
    family: &'static str,
    ip_version: u8,
    label: &'static str,
    netstat: &'static str,
    local_addr: Shown<IpAddr>,
    local_port: u16,
    peer_addr: Shown<IpAddr>,
    peer_port: u16,
    v6only: Option<bool>,
    why: Shown<Why<'a>>,
}

/// A string in JSON, written as it is displayed.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// RFC 3339, UTC, nanoseconds.
struct Rfc3339<'a> {
    second: &'a str,
    nanoseconds: u32,
}

impl Display for Rfc3339<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}Z", self.second, self.nanoseconds)
    }
}
