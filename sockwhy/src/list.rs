//! `sockwhy list`: the sockets that exist, from the kernel to stdout.

use std::io::{self, Write};

use thiserror::Error;

use crate::{
    kernel::SocketIterators,
    netns::{self, Namespace},
    output::{SocketJson, SocketTable, Terminal},
    plan::{ListPlan, NetnsChoice},
    proc::{self, NoProcess},
    socket::{Entry, Sockets, State},
};

/// Bytes of output that are gathered before they are written.
const CHUNK: usize = 256 * 1024;

/// Why there is no listing.
#[derive(Debug, Error)]
pub enum ListError {
    /// A process to be listed is not there.
    #[error(transparent)]
    NoProcess(#[from] NoProcess),
    /// No network namespace has that number.
    #[error("no network namespace has the inode {0}; see which there are: lsns -t net")]
    NoNamespace(u32),
    /// Reading or writing failed.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

/// How to write.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// For people.
    Text(Terminal),
    /// One JSON object per line.
    Json,
}

/// Lists as planned.
///
/// # Errors
/// Where the sockets cannot be read, or stdout not be written to. A reader of stdout that has gone away is no error.
pub fn run(plan: &ListPlan, format: Format) -> Result<(), ListError> {
    for pid in &plan.pids {
        proc::check_process(*pid)?;
    }
    let namespaces = namespaces(plan.netns)?;
    let mut iterators = SocketIterators::load().map_err(|e| ListError::Io("x", io::Error::other(e)))?;
    let gathered = iterators.read(&namespaces).map_err(|error| ListError::Io("cannot read the sockets", error))?;
    let sockets = gathered.join(true);
    let shown = in_order(&sockets, plan);
    let mut formatter = Formatter::new(format, namespaces.len() > 1, &shown);
    let r = match write(&mut formatter, &shown) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(ListError::Io("cannot write to stdout", error)),
        _ => Ok(()),
    };
    r
}

fn namespaces(choice: NetnsChoice) -> Result<Vec<Namespace>, ListError> {
    let found = match choice {
        NetnsChoice::Own => Namespace::own().map(|own| vec![own]),
        NetnsChoice::All | NetnsChoice::Inode(_) => netns::all(),
    };
    let mut found = found.map_err(|error| ListError::Io("cannot tell the network namespaces from /proc", error))?;
    if let NetnsChoice::Inode(inode) = choice {
        found.retain(|namespace| namespace.inode == inode);
        if found.is_empty() {
            return Err(ListError::NoNamespace(inode));
        }
    }
    Ok(found)
}

/// The sockets to be shown, by network namespace: listeners first, then by port.
fn in_order<'a>(sockets: &'a Sockets, plan: &ListPlan) -> Vec<Entry<'a>> {
    let mut shown: Vec<_> = sockets.iter().filter(|socket| plan.wants(*socket)).collect();
    shown.sort_by_cached_key(|socket| {
        let peer_port = socket.peer.map_or(0, |peer| peer.port());
        (socket.netns, socket.state != State::Listen, socket.local.port(), peer_port)
    });
    shown
}

enum Formatter {
    Text(SocketTable),
    Json,
}

impl Formatter {
    fn new(format: Format, netns: bool, shown: &[Entry<'_>]) -> Self {
        match format {
            Format::Text(terminal) => Self::Text(SocketTable::new(terminal, netns, shown.iter().copied())),
            Format::Json => Self::Json,
        }
    }

    fn socket(&mut self, out: &mut Vec<u8>, socket: Entry<'_>) {
        match self {
            Self::Text(table) => table.socket(out, socket),
            Self::Json => {
                let written = serde_json::to_writer(&mut *out, &SocketJson::from(socket));
                debug_assert!(written.is_ok(), "writing to memory cannot fail");
                out.push(b'\n');
            }
        }
    }
}

fn write(formatter: &mut Formatter, shown: &[Entry<'_>]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut buffer = Vec::with_capacity(CHUNK);
    if let Formatter::Text(table) = formatter {
        table.header(&mut buffer);
    }
    for socket in shown {
        formatter.socket(&mut buffer, *socket);
        if buffer.len() >= CHUNK {
            stdout.write_all(&buffer)?;
            buffer.clear();
        }
    }
    stdout.write_all(&buffer)
}
