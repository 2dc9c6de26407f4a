//! The fields of an event, one after the other, for each output to write.

use std::fmt::Display;
use std::net::IpAddr;

/// The name of a field.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As users know it.
    pub name: &'static str,
    /// As it stands in a JSON object before its value: `,"name":`. Made by the compiler, as there are twenty in each of
    /// millions of lines.
    pub json: &'static str,
}

/// A [`Key`] by its name.
macro_rules! key {
    ($name:literal) => {
        $crate::model::event::Key { name: $name, json: concat!(",\"", $name, "\":") }
    };
}
pub(crate) use key;

/// Somewhere that the fields of events go. Each output is one.
pub trait Fields {
    /// Nanoseconds since the epoch.
    fn time(&mut self, key: Key, time: u64);
    /// A word of ours: it has nothing that must be escaped.
    fn word(&mut self, key: Key, word: &'static str);
    /// The same; `None` where there is none.
    fn optional_word(&mut self, key: Key, word: Option<&'static str>);
    /// A number; `None` where it is not known.
    fn number(&mut self, key: Key, number: Option<impl itoa::Integer>);
    /// Yes or no; `None` where it is not known.
    fn flag(&mut self, key: Key, flag: Option<bool>);
    /// A name that somebody else has chosen, of any bytes.
    fn name(&mut self, key: Key, name: &[u8]);
    /// An address.
    fn address(&mut self, key: Key, address: IpAddr);
    /// A sentence of ours: it has nothing that must be escaped.
    fn sentence(&mut self, key: Key, sentence: &impl Display);
}
