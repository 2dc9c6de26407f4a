//! NDJSON: one object per line. The fields and their order are a promise to users.

use std::{
    fmt::{self, Display},
    io,
    net::IpAddr,
};

use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::{
    clock::Clock,
    sanitize::{Sanitized, is_visible},
};
use crate::flow::{Flow, Why};

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
        let written = record.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Visible));
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
        out.push(b'\n');
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::new()
    }
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
struct Shown<T>(T);

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

/// Compact JSON that does no harm when it is shown on a terminal: characters that JSON need not escape and that are
/// not visible are escaped as well.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        const DELETE: char = '\x7f';
        if fragment.is_ascii() && !fragment.contains(DELETE) {
            return out.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for character in fragment.chars() {
            if is_visible(character) {
                write!(out, "{character}")?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
