//! `sockwhy list`: the sockets that exist, from the kernel to stdout.

use std::io::{self, Write};

use thiserror::Error;

use crate::{
    kernel::sockets,
    netns::{self, Namespace},
    output::{SocketFormatter, SocketTable, Terminal},
    plan::{ListPlan, NetnsChoice},
    proc::{self, NoProcess},
    socket::{Entry, Sockets},
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
    let t = std::time::Instant::now();
    let (list, held) = sockets::read(&namespaces).map_err(|e| ListError::Io("x", io::Error::other(e)))?;
    eprintln!("read {:?}", t.elapsed());
    let sockets = Sockets::join(list, &held, true);
    eprintln!("join {:?}", t.elapsed());
    let shown: Vec<_> = sockets.iter().filter(|socket| plan.wants(*socket)).collect();
    eprintln!("sort {:?}", t.elapsed());
    let mut formatter = match format {
        Format::Text(terminal) => SocketFormatter::Text(SocketTable::new(terminal, namespaces.len() > 1, &shown)),
        Format::Json => SocketFormatter::Json,
    };
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

fn write(formatter: &mut SocketFormatter, shown: &[Entry<'_>]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut buffer = Vec::with_capacity(CHUNK);
    formatter.header(&mut buffer);
    for socket in shown {
        formatter.socket(&mut buffer, *socket);
        if buffer.len() >= CHUNK {
            stdout.write_all(&buffer)?;
            buffer.clear();
        }
    }
    stdout.write_all(&buffer)
}
