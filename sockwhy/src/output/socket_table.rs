//! Sockets as netstat's table, with label and reason.

use std::fmt::{self, Write};

use super::{
    Terminal,
    paint::{Paint, cut, display_width},
    prose::{Prose, blanks},
};
use crate::{
    digits::{number, socket_address, socket_address_width},
    socket::{Entry, Label, State},
};

/// Writes sockets as aligned columns. In a pipe or a file the reason is the last of them; on a terminal it stands below
/// the others, with the owners where these have no room for a column.
#[derive(Clone, Debug)]
pub struct SocketTable {
    columns: Columns,
    color: bool,
    /// Text that is measured before it is written.
    text: String,
}

/// Which columns there are, and the widths that depend on what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    /// Whether there is one of network namespaces.
    netns: bool,
    local: usize,
    peer: usize,
    /// Of PIDs and processes; `None` where they stand below.
    owners: Option<usize>,
    /// Columns of the terminal; `None` where lines can be as long as they are.
    terminal: Option<u16>,
}

/// What stands below a socket is indented so far.
const INDENT: usize = 6;

impl SocketTable {
    /// A table of these sockets, `netns` with a column of network namespaces.
    #[must_use]
    pub fn new(terminal: Terminal, netns: bool, sockets: &[Entry<'_>]) -> Self {
        Self { columns: Columns::fit(terminal.width, netns, sockets), color: terminal.color, text: String::new() }
    }

    /// What stands above the sockets.
    pub fn header(&self, out: &mut Vec<u8>) {
        let columns = self.columns;
        let bold = self.paint("1");
        if columns.netns {
            bold.cell(out, "NETNS", Columns::NETNS);
        }
        bold.cell(out, "PROTO", Columns::PROTO);
        bold.cell(out, "STATE", Columns::STATE);
        bold.cell(out, "LOCAL", columns.local);
        bold.cell(out, "PEER", columns.peer);
        match columns.owners {
            Some(owners) => {
                bold.cell(out, "LABEL", Columns::LABEL);
                bold.cell(out, Columns::OWNERS, owners);
            }
            None => bold.text(out, "LABEL"),
        }
        if columns.terminal.is_none() {
            bold.text(out, "WHY");
        }
        end_line(out);
    }

    /// One socket, and why it has its label.
    pub fn socket(&mut self, out: &mut Vec<u8>, socket: Entry<'_>) {
        let columns = self.columns;
        let plain = self.paint("");
        if columns.netns {
            self.cell(out, Columns::NETNS, |text| number(text, socket.netns));
        }
        plain.cell(out, socket.family.netstat(), Columns::PROTO);
        plain.cell(out, socket.state.as_str(), Columns::STATE);
        self.cell(out, columns.local, |text| socket_address(text, socket.local));
        self.cell(out, columns.peer, |text| match socket.peer {
            Some(peer) => socket_address(text, peer),
            None => text.write_char('*'),
        });
        // What netstat calls tcp6 although it is IPv4 is what people are looking for.
        let label = self.paint(if socket.label == Label::Ipv4OverAfInet6 { "1;33" } else { "" });
        label.cell(out, socket.label.as_str(), Columns::LABEL);
        if let Some(width) = columns.owners {
            let most = if columns.terminal.is_some() { width } else { usize::MAX };
            self.cell(out, width, |text| owners(text, socket, most));
        }

        if columns.terminal.is_none() {
            self.write(|text| socket.why().write(text));
            out.extend_from_slice(self.text.as_bytes());
            out.push(b'\n');
            return;
        }
        end_line(out);
        self.write(|text| {
            if columns.owners.is_none() {
                owners(text, socket, usize::MAX)?;
                text.write_str(": ")?;
            }
            socket.why().write(text)
        });
        blanks(out, INDENT);
        Prose::new(columns.terminal).write(out, &self.text, INDENT, INDENT, self.paint("2"));
    }

    fn write(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) {
        self.text.clear();
        // Writing to memory cannot fail.
        let _infallible = write(&mut self.text);
    }

    fn cell(&mut self, out: &mut Vec<u8>, width: usize, write: impl FnOnce(&mut String) -> fmt::Result) {
        self.write(write);
        self.paint("").cell(out, &self.text, width);
    }

    fn paint(&self, code: &'static str) -> Paint {
        Paint { color: self.color, code }
    }
}

/// The first process, its name cut where it would be wider, and how many others there are. A dash where there is none, a
/// question mark where it is not known.
fn owners(text: &mut String, socket: Entry<'_>, width: usize) -> fmt::Result {
    let Some(owners) = socket.owners() else { return text.write_char('?') };
    let [first, ..] = owners else { return text.write_char('-') };
    first.write(text)?;
    // They are sorted by PID. Those that cannot be seen have none; each counts.
    let others = owners.windows(2).filter(|pair| pair[0].pid != pair[1].pid || pair[1].pid.is_none()).count();
    if others == 0 {
        cut(text, width);
        return Ok(());
    }
    let count = format!(" +{others}");
    cut(text, width.saturating_sub(count.len()));
    text.write_str(&count)
}

fn widest_owners(sockets: &[Entry<'_>]) -> usize {
    let mut text = String::new();
    let width = |socket: &Entry<'_>| {
        text.clear();
        // Writing to memory cannot fail.
        let _infallible = owners(&mut text, *socket, usize::MAX);
        display_width(&text)
    };
    sockets.iter().map(width).max().unwrap_or(0)
}

/// Ends a line whose last cell was filled up with blanks.
fn end_line(out: &mut Vec<u8>) {
    while out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

impl Columns {
    const NETNS: usize = "4294967295".len();
    const PROTO: usize = "PROTO".len();
    const STATE: usize = State::Established.as_str().len();
    const LABEL: usize = Label::Ipv4OverAfInet6.as_str().len();
    /// That of the headings.
    const ADDRESS_LEAST: usize = "LOCAL".len();
    /// On a terminal, longer addresses push aside what follows them.
    const ADDRESS_MOST: usize = "255.255.255.255:65535".len();
    const OWNERS: &str = "PID/PROCESS";
    /// In less there would be PIDs and no names.
    const OWNERS_LEAST: usize = 12;

    fn fit(terminal: Option<u16>, netns: bool, sockets: &[Entry<'_>]) -> Self {
        let widest = |width: &dyn Fn(&Entry<'_>) -> usize| sockets.iter().map(width).max().unwrap_or(0);
        let most = if terminal.is_some() { Self::ADDRESS_MOST } else { usize::MAX };
        let local = widest(&|socket| socket_address_width(socket.local)).clamp(Self::ADDRESS_LEAST, most);
        let peer = widest(&|socket| socket.peer.map_or(0, socket_address_width)).clamp(Self::ADDRESS_LEAST, most);
        let owners = widest_owners(sockets).max(Self::OWNERS.len());
        let all = Self { netns, local, peer, owners: Some(owners), terminal };
        let Some(width) = terminal.map(usize::from) else { return all };
        let without = Self { owners: None, ..all };
        let room = width.saturating_sub(without.width() + 1);
        if room >= Self::OWNERS_LEAST { Self { owners: Some(owners.min(room)), ..all } } else { without }
    }

    /// Width of the columns that are always there.
    fn width(self) -> usize {
        let netns = if self.netns { Self::NETNS + 1 } else { 0 };
        netns + Self::PROTO + 1 + Self::STATE + 1 + self.local + 1 + self.peer + 1 + Self::LABEL
    }
}
