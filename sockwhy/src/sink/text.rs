//! Lines for people.

use std::fmt::Write as _;
use std::io::Write as _;

use jiff::tz::TimeZone;

use super::lines::Format;
use crate::model::event::{Event, Kind};
use crate::model::format::{Bytes, Seconds};
use crate::model::{Label, Sanitized};
use crate::term::Terminal;
use crate::term::clock::Clock;
use crate::term::paint::{Paint, cut};

/// Writes events as aligned columns.
#[derive(Debug)]
pub struct Text {
    columns: Columns,
    color: bool,
    clock: Clock,
    /// A cell that has to be measured before it is written.
    cell: String,
}

impl Text {
    /// Times are written as clocks in `zone` show them. `kinds` are those that can come.
    pub fn new(terminal: Terminal, zone: TimeZone, kinds: &[Kind]) -> Self {
        Self {
            columns: Columns::fit(terminal.width, kinds),
            color: terminal.color,
            clock: Clock::new(zone, "%H:%M:%S"),
            cell: String::new(),
        }
    }
}

impl Format for Text {
    fn header(&self, out: &mut Vec<u8>) {
        let columns = self.columns;
        let bold = Paint { color: self.color, code: "1" };
        bold.cell(out, "TIME", columns.time);
        if columns.event {
            bold.cell(out, "EVENT", columns.event_width);
        }
        bold.cell(out, "PID/PROCESS", columns.owner);
        if columns.proto {
            bold.cell(out, "PROTO", Columns::PROTO);
        }
        bold.cell(out, "LABEL", Columns::LABEL);
        bold.text(out, "LOCAL → PEER (← accepted)");
        out.push(b'\n');
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &Event) {
        let (flow, task, columns) = (event.flow(), event.task(), self.columns);
        let paint = |code| Paint { color: self.color, code };
        let plain = paint("");

        let (second, nanoseconds) = self.clock.read(event.time());
        self.cell.clear();
        self.cell.push_str(second);
        if columns.time == Columns::TIME {
            let _infallible = write!(self.cell, ".{:03}", nanoseconds / 1_000_000);
        }
        paint("2").cell(out, &self.cell, columns.time);

        if columns.event {
            plain.cell(out, event.kind().as_str(), columns.event_width);
        }

        self.cell.clear();
        let name = Sanitized::Text(task.process.as_bytes());
        let _infallible = match task.pid {
            Some(pid) => write!(self.cell, "{pid}/{name}"),
            None => write!(self.cell, "-/{name}"),
        };
        if columns.cut {
            cut(&mut self.cell, columns.owner);
        }
        plain.cell(out, &self.cell, columns.owner);

        if columns.proto {
            plain.cell(out, flow.family.netstat(), Columns::PROTO);
        }
        // What netstat calls tcp6 although it is IPv4 is what people are looking for.
        let label = paint(if flow.label == Label::Ipv4OverAfInet6 { "1;33" } else { "" });
        label.cell(out, flow.label.as_str(), Columns::LABEL);

        // Writing to memory cannot fail.
        let _infallible = match event {
            Event::Connect(_) => writeln!(out, "{} → {}", flow.local, flow.peer),
            Event::Accept(_) => writeln!(out, "{} ← {}", flow.local, flow.peer),
            Event::Failed(failed) => {
                self.cell.clear();
                let _infallible = write!(self.cell, "✗ {}: {}", flow.peer, failed.reason());
                if columns.cut {
                    cut(&mut self.cell, columns.addresses);
                }
                paint("31").text(out, &self.cell);
                writeln!(out)
            }
            Event::Established(established) => {
                writeln!(out, "✓ {} in {}", flow.peer, Seconds(established.handshake()))
            }
            Event::Closed(closed) => {
                self.cell.clear();
                let (sent, received) = (Bytes(closed.bytes_sent), Bytes(closed.bytes_received));
                let duration = Seconds(closed.duration());
                let _infallible = write!(self.cell, "× {} {duration} ↑{sent} ↓{received}", flow.peer);
                if columns.cut {
                    cut(&mut self.cell, columns.addresses);
                }
                plain.text(out, &self.cell);
                writeln!(out)
            }
        };
    }
}

/// Which columns there is room for, and their widths. The arrow between the addresses tells connects from accepts and
/// the label the family, so the columns that say the same can go first; then the milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    /// Width of the time: with milliseconds or without.
    time: usize,
    event: bool,
    /// Width of the names of events.
    event_width: usize,
    proto: bool,
    /// Room for the addresses, or what stands in their place.
    addresses: usize,
    /// Width of the column of PID and process.
    owner: usize,
    /// Whether PID and process are cut off at that width.
    cut: bool,
}

impl Columns {
    const TIME: usize = "00:00:00.000".len();
    const TIME_LEAST: usize = "00:00:00".len();
    const PROTO: usize = "PROTO".len();
    const LABEL: usize = Label::Ipv4OverAfInet6.as_str().len();
    /// IPv6 addresses may be longer; they stand last and push nothing aside.
    const ADDRESSES: usize = "255.255.255.255:65535 - 255.255.255.255:65535".len();
    /// The largest PID that Linux gives (`PID_MAX_LIMIT`) and the longest name.
    const OWNER_FULL: usize = "4194304/".len() + 15;
    /// In less there would be PIDs and no names.
    const OWNER_LEAST: usize = 12;

    /// Lines as long as they come.
    const UNBOUNDED: Self = Self {
        time: Self::TIME,
        event: true,
        event_width: 0,
        proto: true,
        addresses: Self::ADDRESSES,
        owner: Self::OWNER_FULL,
        cut: false,
    };

    /// The most that a terminal of this width has room for.
    fn fit(width: Option<u16>, kinds: &[Kind]) -> Self {
        let event_width = kinds.iter().map(|kind| kind.as_str().len()).chain(["EVENT".len()]).max().unwrap_or(0);
        let unbounded = Self { event_width, ..Self::UNBOUNDED };
        let Some(width) = width.map(usize::from) else { return unbounded };
        let all = Self { cut: true, ..unbounded };
        let without_event = Self { event: false, owner: Self::OWNER_LEAST, ..all };
        let without_proto = Self { proto: false, ..without_event };
        let least = Self { time: Self::TIME_LEAST, ..without_proto };
        let fitting = [all, without_event, without_proto].into_iter().find(|columns| columns.width() <= width);
        let columns = fitting.unwrap_or(least);
        let spare = width.saturating_sub(columns.width());
        let owner = Self::OWNER_FULL.min(columns.owner + spare);
        Self { owner, addresses: Self::ADDRESSES + spare.saturating_sub(owner - columns.owner), ..columns }
    }

    /// Width of a line with IPv4 addresses.
    fn width(self) -> usize {
        let optional = |given: bool, width: usize| if given { width + 1 } else { 0 };
        self.time
            + 1
            + optional(self.event, self.event_width)
            + self.owner
            + 1
            + optional(self.proto, Self::PROTO)
            + Self::LABEL
            + 1
            + Self::ADDRESSES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_in_order_as_the_terminal_gets_narrower() {
        let fit = |width| {
            let columns = Columns::fit(Some(width), &[Kind::Connect, Kind::Accept]);
            (columns.event, columns.proto, columns.time == Columns::TIME, columns.owner)
        };
        assert_eq!(fit(200), (true, true, true, 23));
        assert_eq!(fit(115), (true, true, true, 23));
        assert_eq!(fit(114), (false, true, true, 23));
        assert_eq!(fit(100), (false, true, true, 16));
        assert_eq!(fit(96), (false, true, true, 12));
        assert_eq!(fit(95), (false, false, true, 17));
        assert_eq!(fit(89), (false, false, false, 15));
        assert_eq!(fit(80), (false, false, false, 12));
        assert_eq!(fit(0), (false, false, false, 12));
    }

    #[test]
    fn any_ipv4_flow_fits_from_86_columns_on() {
        for width in 86..300 {
            assert!(Columns::fit(Some(width), &[Kind::Connect]).width() <= usize::from(width), "{width}");
        }
    }
}
