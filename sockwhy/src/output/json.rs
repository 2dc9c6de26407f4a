//! NDJSON: one object per line. The fields and their order are a promise to users.

use std::{
    fmt::{self, Display, Write as _},
    io,
    net::IpAddr,
};

use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::{SocketJson, clock::Clock};
use crate::{
    digits,
    flow::Flow,
    sanitize::{Sanitized, is_visible},
};

/// Writes flows as JSON.
#[derive(Debug)]
pub struct Json {
    clock: Clock,
    name: String,
}

impl Json {
    /// Times are written in UTC.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Clock::new(TimeZone::UTC, "%Y-%m-%dT%H:%M:%S"), name: String::new() }
    }

    /// Written as it will look. A serializer would look for something to escape in every key and value of every event,
    /// and only the names can have that.
    pub(super) fn flow(&mut self, out: &mut Vec<u8>, time: u64, flow: &Flow) {
        let (second, nanoseconds) = self.clock.read(time);
        let mut line = Line { out, name: &mut self.name };
        line.raw("{\"time\":\"").raw(second).raw(".").nine_digits(nanoseconds);
        line.raw("Z\",\"event\":\"").raw(flow.event.as_str());
        line.raw("\",\"pid\":").number(flow.pid);
        line.raw(",\"tid\":").number(flow.tid);
        line.raw(",\"uid\":").number(Some(flow.uid));
        line.raw(",\"process\":").name(flow.process.as_bytes());
        line.raw(",\"thread\":").name(flow.thread.as_bytes());
        line.raw(",\"netns\":").number(Some(flow.netns));
        line.raw(",\"cgroup_id\":").number(flow.cgroup_id);
        line.raw(",\"cookie\":").number(flow.cookie);
        line.raw(",\"family\":\"").raw(flow.family.as_str());
        line.raw("\",\"ip_version\":").number(Some(flow.label.ip_version()));
        line.raw(",\"label\":\"").raw(flow.label.as_str());
        line.raw("\",\"netstat\":\"").raw(flow.family.netstat());
        line.raw("\",\"local_addr\":\"").address(flow.local.ip());
        line.raw("\",\"local_port\":").number(Some(flow.local.port()));
        line.raw(",\"peer_addr\":\"").address(flow.peer.ip());
        line.raw("\",\"peer_port\":").number(Some(flow.peer.port()));
        line.raw(",\"v6only\":").raw(match flow.v6only {
            None => "null",
            Some(false) => "false",
            Some(true) => "true",
        });
        line.raw(",\"why\":\"").shown(&flow.why()).raw("\"}\n");
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
struct Line<'a> {
    out: &'a mut Vec<u8>,
    /// Room for a name.
    name: &'a mut String,
}

// Writing to memory cannot fail.
impl Line<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, number: Option<impl itoa::Integer>) {
        match number {
            Some(number) => self.raw(itoa::Buffer::new().format(number)),
            None => self.raw("null"),
        };
    }

    /// A number below 10^9, with the zeros before it.
    fn nine_digits(&mut self, number: u32) {
        self.raw(&itoa::Buffer::new().format(1_000_000_000 + number)[1..]);
    }

    fn address(&mut self, address: IpAddr) {
        let _infallible = digits::address(self, address);
    }

    fn shown(&mut self, value: &impl Display) -> &mut Self {
        let _infallible = write!(self, "{value}");
        self
    }

    fn name(&mut self, name: &[u8]) {
        self.name.clear();
        let _infallible = write!(self.name, "{}", Sanitized::Json(name));
        // DEL is the one ASCII control that JSON does not escape.
        let visible = Visible { already: self.name.bytes().all(|byte| byte < 0x7f) };
        let written = self.name.serialize(&mut serde_json::Serializer::with_formatter(&mut *self.out, visible));
        debug_assert!(written.is_ok());
    }
}

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.raw(text);
        Ok(())
    }
}

/// A string in JSON, written as it is displayed.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
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
