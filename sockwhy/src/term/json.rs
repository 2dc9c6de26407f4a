//! JSON objects, one per line.

use std::fmt::Display;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use crate::model::is_visible;

/// An object on a line of its own.
pub(crate) fn line(out: &mut Vec<u8>, object: &impl Serialize) {
    write(out, object, Visible { already: false });
    out.push(b'\n');
}

/// A value. Writing to memory cannot fail.
pub(crate) fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized), visible: Visible) {
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(out, visible));
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// A string in JSON, written as it is displayed.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Compact JSON that does no harm when it is shown on a terminal: characters that JSON need not escape and that are
/// not visible are escaped as well.
pub(crate) struct Visible {
    /// The value has no such character.
    pub(crate) already: bool,
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
