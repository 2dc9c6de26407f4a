//! Sockets as netstat's table, with label and reason.

use std::{fmt::Write as _, io::Write as _, net::SocketAddr};

use super::{
    Terminal,
    paint::{Paint, cut, display_width},
};
use crate::{
    sanitize::Sanitized,
    socket::{Entry, Label, Owner, State},
};

/// Writes sockets as aligned columns. Where the lines can be as long as they are, the reason is the last of them; on a
/// terminal it stands below.
#[derive(Debug)]
pub struct SocketTable {
    columns: Columns,
    color: bool,
    /// A cell that has to be measured before it is written.
    cell: String,
}

/// The widths of the columns that depend on what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    /// Whether there is one of network namespaces.
    netns: bool,
    local: usize,
    peer: usize,
    /// Of PID and process; 0 where they stand before the reason.
    owner: usize,
    /// Width of the terminal, if there is one.
    terminal: Option<usize>,
}

impl SocketTable {
    /// `netns` asks for a column of network namespaces.
    #[must_use]
    pub fn new<'a>(terminal: Terminal, netns: bool, sockets: impl Iterator<Item = Entry<'a>>) -> Self {
        Self { columns: Columns::fit(terminal.width, netns, sockets), color: terminal.color, cell: String::new() }
    }

    /// What stands above the sockets.
    pub fn header(&self, out: &mut Vec<u8>) {
        let columns = self.columns;
        let bold = Paint::new(self.color, "1");
        if columns.netns {
            bold.cell(out, "NETNS", Columns::NETNS);
        }
        bold.cell(out, "PROTO", Columns::PROTO);
        bold.cell(out, "STATE", Columns::STATE);
        bold.cell(out, "LOCAL", columns.local);
        bold.cell(out, "PEER", columns.peer);
        bold.cell(out, "LABEL", Columns::LABEL);
        if columns.owner > 0 {
            bold.cell(out, "PID/PROCESS", columns.owner);
        }
        if columns.terminal.is_none() {
            bold.text(out, "WHY");
        }
        out.push(b'\n');
    }

    /// One socket, and why it has its label.
    pub fn socket(&mut self, out: &mut Vec<u8>, socket: Entry<'_>) {
        let columns = self.columns;
        let paint = |code| Paint::new(self.color, code);
        let plain = paint("");
        // Writing to memory cannot fail.
        let _infallible = (|| {
            if columns.netns {
                write!(out, "{:<1$} ", socket.netns, Columns::NETNS)?;
            }
            plain.cell(out, socket.family.netstat(), Columns::PROTO);
            plain.cell(out, socket.state.as_str(), Columns::STATE);
            write!(out, "{:<1$} ", socket.local, columns.local)?;
            match socket.peer {
                Some(peer) => write!(out, "{:<1$} ", peer, columns.peer)?,
                None => write!(out, "{:<1$} ", "*", columns.peer)?,
            }
            let label = paint(if socket.label == Label::Ipv4OverAfInet6 { "1;33" } else { "" });
            label.cell(out, socket.label.as_str(), Columns::LABEL);
            write!(out, "{}", socket.why())
        })();
        out.push(b'\n');
    }
}

impl Columns {
    const NETNS: usize = "4294967295".len();
    const PROTO: usize = "PROTO".len();
    const STATE: usize = State::Established.as_str().len();
    const LABEL: usize = Label::Ipv4OverAfInet6.as_str().len();

    fn fit<'a>(terminal: Option<u16>, netns: bool, sockets: impl Iterator<Item = Entry<'a>>) -> Self {
        Self { netns, local: 21, peer: 21, owner: 20, terminal: None }
    }
}
