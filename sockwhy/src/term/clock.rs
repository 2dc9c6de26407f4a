//! The time of day, as text.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Formats wall-clock time. The text of the last second is kept: many events share a second, and finding the offset of
/// a time zone costs more than the rest of a line.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    /// Of the whole seconds, as `strftime` takes it.
    format: &'static str,
    second: Option<u64>,
    text: String,
}

impl Clock {
    pub(crate) fn new(zone: TimeZone, format: &'static str) -> Self {
        Self { zone, format, second: None, text: String::new() }
    }

    /// The text of the whole seconds of `time`, nanoseconds since the epoch, and the nanoseconds that are left.
    pub(crate) fn read(&mut self, time: u64) -> (&str, u32) {
        const NANOSECONDS: u64 = 1_000_000_000;
        let second = time / NANOSECONDS;
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            // Neither can fail: a u64 of nanoseconds ends in the year 2554, and the formats are ours.
            let timestamp = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
            let written = timestamp
                .map(|timestamp| write!(self.text, "{}", timestamp.to_zoned(self.zone.clone()).strftime(self.format)));
            debug_assert!(matches!(written, Some(Ok(()))));
        }
        (&self.text, (time % NANOSECONDS) as u32)
    }
}
