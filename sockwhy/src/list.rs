//! `sockwhy list`: the sockets that exist, from the kernel to stdout.

use std::{
    io::{self, Write},
    sync::mpsc,
    thread,
};

use thiserror::Error;

use crate::{
    diag,
    kernel::{
        Refusal,
        host::{self, Capability},
        sockets::{self, IterError},
    },
    netns::{self, Namespace},
    output::{SocketFormatter, SocketTable, Terminal},
    plan::{ListPlan, NetnsChoice},
    proc::{self, NoProcess},
    socket::{Entry, Sockets},
};

/// Why there is no listing.
#[derive(Debug, Error)]
pub enum ListError {
    /// A process to be listed is not there.
    #[error(transparent)]
    NoProcess(#[from] NoProcess),
    /// No network namespace has that number.
    #[error("no network namespace has the inode {0}; see which there are: lsns -t net")]
    NoNamespace(u32),
    /// The privileges do not allow it.
    #[error("cannot list: {0}")]
    Refused(Refusal),
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
    let sockets = read(&namespaces)?;
    let shown: Vec<_> = sockets.iter().filter(|socket| plan.wants(*socket)).collect();
    let formatter = match format {
        Format::Text(terminal) => SocketFormatter::Text(SocketTable::new(terminal, namespaces.len() > 1, &shown)),
        Format::Json => SocketFormatter::Json,
    };
    match write(&formatter, &shown) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(ListError::Io("cannot write to stdout", error)),
        _ => Ok(()),
    }
}

/// The network namespaces to look into.
pub(crate) fn namespaces(choice: NetnsChoice) -> Result<Vec<Namespace>, ListError> {
    let no_proc = |error| ListError::Io("cannot tell the network namespaces from /proc", error);
    let wanted = match choice {
        NetnsChoice::Own => return Ok(vec![Namespace::own().map_err(no_proc)?]),
        NetnsChoice::All => None,
        NetnsChoice::Inode(inode) => Some(inode),
    };
    let (mut found, denied) = netns::all().map_err(no_proc)?;
    if let Some(inode) = wanted {
        found.retain(|namespace| namespace.inode == inode);
    }
    if denied > 0 {
        log::debug!("the network namespaces of {denied} processes are not known: they may not be looked at");
    }
    match wanted {
        Some(inode) if found.is_empty() => {
            let missing = Capability::missing(&[Capability::SysPtrace]);
            if denied == 0 || missing.is_empty() {
                return Err(ListError::NoNamespace(inode));
            }
            let action = "looking at the network namespaces of other users' processes";
            Err(ListError::Refused(Refusal::Capabilities { action, missing }))
        }
        _ => Ok(found),
    }
}

/// Every TCP socket of these namespaces, in the best way that this host allows.
///
/// # Errors
/// Where none of them works.
pub fn read(namespaces: &[Namespace]) -> Result<Sockets, ListError> {
    match sockets::read(namespaces) {
        Ok((sockets, held)) => Ok(Sockets::join(sockets, &held, host::sees_every_process())),
        Err(IterError::Io(error)) => Err(failed(error)),
        Err(IterError::Refused(refusal)) => {
            log::debug!("no BPF iterators: {}", refusal.detail());
            log::debug!(
                "sock_diag and /proc instead: they tell IPV6_V6ONLY of listeners only, and owners only of processes \
                 that this user may look at; as root there is more"
            );
            let found = diag::read(namespaces).map_err(failed)?;
            Ok(Sockets::join(found.sockets, &found.held, found.all_owners && host::sees_every_process()))
        }
    }
}

fn failed(error: io::Error) -> ListError {
    let missing = Capability::missing(&[Capability::SysAdmin]);
    if error.kind() == io::ErrorKind::PermissionDenied && !missing.is_empty() {
        return ListError::Refused(Refusal::Capabilities { action: "going into another network namespace", missing });
    }
    ListError::Io("cannot read the sockets", error)
}

/// Sockets that are formatted at a time: some hundred kilobytes of text.
const BATCH: usize = 1024;

/// Writes them, every second batch formatted by another thread meanwhile.
fn write(formatter: &SocketFormatter, shown: &[Entry<'_>]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut text = Vec::new();
    formatter.header(&mut text);
    stdout.write_all(&text)?;
    thread::scope(|scope| {
        let (send, receive) = mpsc::sync_channel(1);
        scope.spawn(move || {
            for batch in shown.chunks(BATCH).skip(1).step_by(2) {
                // Nobody reads any more.
                if send.send(format(formatter, batch)).is_err() {
                    return;
                }
            }
        });
        for batch in shown.chunks(BATCH).step_by(2) {
            stdout.write_all(&format(formatter, batch))?;
            if let Ok(next) = receive.recv() {
                stdout.write_all(&next)?;
            }
        }
        Ok(())
    })
}

fn format(formatter: &SocketFormatter, batch: &[Entry<'_>]) -> Vec<u8> {
    let mut formatter = formatter.clone();
    let mut text = Vec::with_capacity(256 * batch.len());
    for socket in batch {
        formatter.socket(&mut text, *socket);
    }
    text
}
