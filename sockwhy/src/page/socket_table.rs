//! Sockets as netstat's table, with label and reason.

use std::fmt::{self, Write};

use crate::model::Label;
use crate::model::format::{number, socket_address, socket_address_width};
use crate::model::socket::{Entry, State};
use crate::term::Terminal;
use crate::term::paint::{Paint, cut, display_width};
use crate::term::prose::{Prose, blanks};

/// Writes sockets as aligned columns. In a pipe or a file the reason is the last of them; on a terminal it stands below
/// the others, with the owners where these have no room for a column.
#[derive(Clone, Debug)]
pub struct SocketTable {
    columns: Columns,
    color: bool,
    /// Whether the reasons are shown.
    why: bool,
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

/// The indent of the lines below a socket.
const INDENT: usize = 6;

impl SocketTable {
    /// A table of these sockets, `netns` with a column of network namespaces.
    pub fn new(terminal: Terminal, netns: bool, sockets: &[Entry<'_>]) -> Self {
        let columns = Columns::fit(terminal.width, netns, sockets);
        Self { columns, color: terminal.color, why: true, text: String::new() }
    }

    /// The same with a line for each socket, and no reasons.
    #[must_use]
    pub fn brief(self) -> Self {
        Self { why: false, ..self }
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
        if columns.terminal.is_none() && self.why {
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

        if !self.why {
            end_line(out);
            return;
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

/// The first process, its name cut to fit, and how many others there are. A dash where there is none, a question mark
/// where it is unknown.
fn owners(text: &mut String, socket: Entry<'_>, width: usize) -> fmt::Result {
    let Some(owners) = socket.owners() else { return text.write_char('?') };
    let [first, ..] = owners else { return text.write_char('-') };
    first.write(text)?;
    // They are sorted by PID. Those that cannot be seen have no PID; each counts.
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
    /// The width of the heading.
    const ADDRESS_LEAST: usize = "LOCAL".len();
    /// On a terminal, longer addresses push aside what follows them.
    const ADDRESS_MOST: usize = "255.255.255.255:65535".len();
    const OWNERS: &str = "PID/PROCESS";
    /// Less room would show PIDs without names.
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::inventory::join;
    use crate::model::Family;
    use crate::model::socket::{Descriptor, Opening, Owner, Socket, Sockets};

    fn socket(inode: u64, state: State, local: &str, peer: Option<&str>) -> Socket {
        let local = local.parse().unwrap();
        let peer: Option<std::net::SocketAddr> = peer.map(|peer| peer.parse().unwrap());
        Socket {
            state,
            family: Family::Inet6,
            label: if peer.is_some() { Label::Ipv4OverAfInet6 } else { Label::DualStack },
            v6only: Some(false),
            mptcp: false,
            opening: None,
            device: None,
            local,
            peer,
            uid: Some(0),
            inode: NonZeroU64::new(inode),
            netns: 4_026_531_840,
            cookie: None,
        }
    }

    fn sockets(all_owners: bool) -> Sockets {
        let connection = Some("192.168.100.200:50001");
        let list = vec![
            socket(1, State::Listen, "[::]:4243", None),
            Socket {
                opening: Some(Opening::Passive),
                ..socket(2, State::Established, "192.168.100.100:4243", connection)
            },
            socket(3, State::CloseWait, "192.168.100.100:4244", connection),
        ];
        let held = |pid| {
            let process = *b"http-nio-8080-x\0";
            Descriptor { inode: 1, owner: Owner { pid: Some(pid), process: process.into(), fd: 3 } }
        };
        let own = Descriptor { inode: 2, ..held(31307) };
        join(list, &[held(31307), held(31308), held(31309), held(31309), own], all_owners)
    }

    fn table(width: Option<u16>, netns: bool, sockets: &Sockets) -> String {
        let terminal = Terminal { color: false, width };
        let entries: Vec<_> = sockets.iter().collect();
        let mut table = SocketTable::new(terminal, netns, &entries);
        let mut out = Vec::new();
        table.header(&mut out);
        for entry in entries {
            table.socket(&mut out, entry);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pipe_gets_a_line_for_each() {
        assert_eq!(
            table(None, false, &sockets(true)),
            "\
PROTO STATE       LOCAL                PEER                  LABEL              PID/PROCESS              WHY
tcp6  LISTEN      [::]:4243            *                     dual-stack         31307/http-nio-8080-x +2 \
an AF_INET6 listener on :: without IPV6_V6ONLY takes IPv4 as well as IPv6
tcp6  ESTABLISHED 192.168.100.100:4243 192.168.100.200:50001 IPv4-over-AF_INET6 31307/http-nio-8080-x    \
accepted on port 4243 by a dual-stack AF_INET6 listener; the peer is IPv4
tcp6  CLOSE_WAIT  192.168.100.100:4244 192.168.100.200:50001 IPv4-over-AF_INET6 -                        \
an AF_INET6 socket whose peer is ::ffff:192.168.100.200
"
        );
    }

    #[test]
    fn a_terminal_of_100_columns_has_room_for_names() {
        assert_eq!(
            table(Some(100), false, &sockets(false)),
            "\
PROTO STATE       LOCAL                PEER                  LABEL              PID/PROCESS
tcp6  LISTEN      [::]:4243            *                     dual-stack         31307/http-nio-8… +2
      an AF_INET6 listener on :: without IPV6_V6ONLY takes IPv4 as well as IPv6
tcp6  ESTABLISHED 192.168.100.100:4243 192.168.100.200:50001 IPv4-over-AF_INET6 31307/http-nio-8080…
      accepted on port 4243 by a dual-stack AF_INET6 listener; the peer is IPv4
tcp6  CLOSE_WAIT  192.168.100.100:4244 192.168.100.200:50001 IPv4-over-AF_INET6 ?
      an AF_INET6 socket whose peer is ::ffff:192.168.100.200
"
        );
    }

    #[test]
    fn a_terminal_of_80_columns_has_them_below() {
        assert_eq!(
            table(Some(80), false, &sockets(true)),
            "\
PROTO STATE       LOCAL                PEER                  LABEL
tcp6  LISTEN      [::]:4243            *                     dual-stack
      31307/http-nio-8080-x +2: an AF_INET6 listener on :: without IPV6_V6ONLY
      takes IPv4 as well as IPv6
tcp6  ESTABLISHED 192.168.100.100:4243 192.168.100.200:50001 IPv4-over-AF_INET6
      31307/http-nio-8080-x: accepted on port 4243 by a dual-stack AF_INET6
      listener; the peer is IPv4
tcp6  CLOSE_WAIT  192.168.100.100:4244 192.168.100.200:50001 IPv4-over-AF_INET6
      -: an AF_INET6 socket whose peer is ::ffff:192.168.100.200
"
        );
    }

    #[test]
    fn no_line_with_ipv4_addresses_is_wider_than_the_terminal() {
        let sockets = sockets(true);
        for width in 80..200 {
            let table = table(Some(width), false, &sockets);
            assert!(table.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}:\n{table}");
            assert!(table.lines().all(|line| !line.ends_with(' ')), "{width}:\n{table}");
        }
    }

    #[test]
    fn network_namespaces_have_a_column_where_there_are_several() {
        let table = table(None, true, &sockets(true));
        assert!(table.starts_with("NETNS      PROTO "), "{table}");
        assert!(table.lines().skip(1).all(|line| line.starts_with("4026531840 tcp6  ")), "{table}");
    }

    #[test]
    fn an_empty_listing_has_its_heading() {
        let none = Sockets::default();
        assert_eq!(table(None, false, &none), "PROTO STATE       LOCAL PEER  LABEL              PID/PROCESS WHY\n");
    }
}
