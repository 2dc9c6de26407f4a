//! Events as NDJSON: one object per line. The fields and their order are a promise to users.

use std::fmt::{self, Display, Write as _};
use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::lines::Format;
use crate::model::event::{Event, Fields, Key};
use crate::model::{Sanitized, format};
use crate::term::clock::Clock;
use crate::term::json::{self, Visible};

/// Writes events as JSON.
#[derive(Debug)]
pub struct Json {
    clock: Clock,
    name: String,
}

/// Times are written in UTC.
impl Default for Json {
    fn default() -> Self {
        Self { clock: Clock::new(TimeZone::UTC, "%Y-%m-%dT%H:%M:%S"), name: String::new() }
    }
}

impl Format for Json {
    fn header(&self, _out: &mut Vec<u8>) {}

    fn event(&mut self, out: &mut Vec<u8>, event: &Event) {
        let start = out.len();
        event.fields(&mut Object { out, json: self });
        // The comma before the first field.
        out[start] = b'{';
        out.extend_from_slice(b"}\n");
    }
}

/// An object, written as it will look. A serializer would look for something to escape in every key and value of every
/// event, and only the names can have that.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    json: &'a mut Json,
}

impl Object<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }
}

// Writing to memory cannot fail.
impl Fields for Object<'_> {
    fn time(&mut self, key: Key, time: u64) {
        let (second, nanoseconds) = self.json.clock.read(time);
        for text in [key.json, "\"", second, "."] {
            self.out.extend_from_slice(text.as_bytes());
        }
        // With the zeros before it.
        self.raw(&itoa::Buffer::new().format(1_000_000_000 + nanoseconds)[1..]).raw("Z\"");
    }

    fn word(&mut self, key: Key, word: &'static str) {
        self.raw(key.json).raw("\"").raw(word).raw("\"");
    }

    fn optional_word(&mut self, key: Key, word: Option<&'static str>) {
        match word {
            Some(word) => self.word(key, word),
            None => drop(self.raw(key.json).raw("null")),
        }
    }

    fn number(&mut self, key: Key, number: Option<impl itoa::Integer>) {
        self.raw(key.json);
        match number {
            Some(number) => self.raw(itoa::Buffer::new().format(number)),
            None => self.raw("null"),
        };
    }

    fn flag(&mut self, key: Key, flag: Option<bool>) {
        self.raw(key.json).raw(match flag {
            None => "null",
            Some(false) => "false",
            Some(true) => "true",
        });
    }

    fn name(&mut self, key: Key, name: &[u8]) {
        self.raw(key.json);
        let text = &mut self.json.name;
        text.clear();
        let _infallible = write!(text, "{}", Sanitized::Json(name));
        // DEL is the one ASCII control that JSON does not escape.
        let visible = Visible { already: text.bytes().all(|byte| byte < 0x7f) };
        json::write(self.out, text.as_str(), visible);
    }

    fn address(&mut self, key: Key, address: IpAddr) {
        self.raw(key.json).raw("\"");
        let _infallible = format::address(self, address);
        self.raw("\"");
    }

    fn sentence(&mut self, key: Key, sentence: &impl Display) {
        self.raw(key.json).raw("\"");
        let _infallible = write!(self, "{sentence}");
        self.raw("\"");
    }
}

impl fmt::Write for Object<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.raw(text);
        Ok(())
    }
}
