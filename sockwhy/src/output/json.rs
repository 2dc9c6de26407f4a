//! NDJSON: one object per line. The fields and their order are a promise to users.

use std::{
    fmt::{Display, Write as _},
    io,
};

use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::{SocketJson, clock::Clock};
use crate::{
    flow::Flow,
    sanitize::{Sanitized, is_visible},
};

/// Writes flows as JSON.
#[derive(Debug)]
pub struct Json {
    clock: Clock,
    strings: Strings,
}

impl Json {
    /// Times are written in UTC.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Clock::new(TimeZone::UTC, "%Y-%m-%dT%H:%M:%S"), strings: Strings::default() }
    }

    pub(super) fn flow(&mut self, out: &mut Vec<u8>, time: u64, flow: &Flow) {
        let (second, nanoseconds) = self.clock.read(time);
        let [time, process, thread, local_addr, peer_addr, why] = self.strings.of([
            &format_args!("{second}.{nanoseconds:09}Z"),
            &Sanitized::Json(flow.process.as_bytes()),
            &Sanitized::Json(flow.thread.as_bytes()),
            &flow.local.ip(),
            &flow.peer.ip(),
            &flow.why(),
        ]);
        // DEL is the one ASCII control that JSON does not escape.
        let already = [process, thread].iter().all(|name| name.bytes().all(|byte| byte < 0x7f));
        let record = Record {
            time,
            event: flow.event.as_str(),
            pid: flow.pid,
            tid: flow.tid,
            uid: flow.uid,
            process,
            thread,
            netns: flow.netns,
            cgroup_id: flow.cgroup_id,
            cookie: flow.cookie,
            family: flow.family.as_str(),
            ip_version: flow.label.ip_version(),
            label: flow.label.as_str(),
            netstat: flow.family.netstat(),
            local_addr,
            local_port: flow.local.port(),
            peer_addr,
            peer_port: flow.peer.port(),
            v6only: flow.v6only,
            why,
        };
        write(out, &record, Visible { already });
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::new()
    }
}

/// A socket on a line of its own.
pub(super) fn socket(out: &mut Vec<u8>, socket: &SocketJson<'_>) {
    write(out, socket, Visible { already: socket.is_visible() });
}

/// An object on a line of its own.
pub(super) fn line(out: &mut Vec<u8>, object: &impl Serialize) {
    write(out, object, Visible { already: false });
}

fn write(out: &mut Vec<u8>, object: &impl Serialize, visible: Visible) {
    let written = object.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, visible));
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
    out.push(b'\n');
}

/// A line of `sockwhy trace -o json`.
#[derive(Serialize)]
struct Record<'a> {
    time: &'a str,
    event: &'a str,
    pid: Option<u32>,
    tid: Option<u32>,
    uid: u32,
    process: &'a str,
    thread: &'a str,
    netns: u32,
    cgroup_id: Option<u64>,
    cookie: Option<u64>,
    family: &'a str,
    ip_version: u8,
    label: &'a str,
    netstat: &'a str,
    local_addr: &'a str,
    local_port: u16,
    peer_addr: &'a str,
    peer_port: u16,
    v6only: Option<bool>,
    why: &'a str,
}

/// Room for strings that are made for one record, kept from one to the next.
#[derive(Debug, Default)]
struct Strings(String);

/// A string in JSON, written as it is displayed.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Strings {
    /// What these values display. As wholes: serde would look each of their pieces over for something to escape.
    fn of<const N: usize>(&mut self, values: [&dyn Display; N]) -> [&str; N] {
        self.0.clear();
        let ends = values.map(|value| {
            // Writing to memory cannot fail.
            let _infallible = write!(self.0, "{value}");
            self.0.len()
        });
        let mut start = 0;
        ends.map(|end| &self.0[std::mem::replace(&mut start, end)..end])
    }
}

/// Compact JSON that does no harm when it is shown on a terminal: characters that JSON need not escape and that are
/// not visible are escaped as well.
struct Visible {
    /// There is nothing of that kind in the record.
    already: bool,
}

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if self.already {
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
