//! Who holds listeners: which of them are one program's.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::evidence::Evidence;
use crate::model::Sanitized;
use crate::model::socket::{Entry, Owner};

/// Tells programs apart. Processes with the same mark belong to one program: its workers, or one process for each family,
/// as docker-proxy starts them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark<'a> {
    /// Name, file and cgroup, as far as they are known.
    Program(&'a [u8], Option<&'a [u8]>, &'a [u8]),
    /// This user may not see the process; only its user id is known.
    Hidden(Option<u32>),
    /// No process holds it.
    Kernel,
}

/// The marks of all processes that hold a socket.
pub(super) fn marks<'a>(socket: Entry<'a>, evidence: &'a Evidence<'_>) -> BTreeSet<Mark<'a>> {
    let mark = |owner: &'a Owner| match owner.pid.and_then(|pid| evidence.holder(pid)) {
        Some(holder) => {
            let process = &holder.process;
            Mark::Program(&process.name, process.program.as_deref(), &process.cgroup)
        }
        None => Mark::Program(owner.process.as_bytes(), None, b""),
    };
    match socket.owners() {
        None => BTreeSet::from([Mark::Hidden(socket.uid)]),
        Some([]) => BTreeSet::from([Mark::Kernel]),
        Some(owners) => owners.iter().map(mark).collect(),
    }
}

/// Puts listeners together that are one program's, in the order in which they come.
pub(super) fn by_program<'a>(listeners: &[Entry<'a>], evidence: &'a Evidence<'_>) -> Vec<Vec<Entry<'a>>> {
    let mut programs: Vec<(BTreeSet<Mark<'a>>, Vec<Entry<'a>>)> = Vec::new();
    for &listener in listeners {
        let mut own = (marks(listener, evidence), vec![listener]);
        // A listener that several programs share makes them one.
        let (same, others) = programs.into_iter().partition(|(marks, _)| !marks.is_disjoint(&own.0));
        programs = others;
        for (marks, mut listeners) in Vec::into_iter(same).rev() {
            own.0.extend(marks);
            listeners.append(&mut own.1);
            own.1 = listeners;
        }
        programs.push(own);
    }
    programs.into_iter().map(|(_, listeners)| listeners).collect()
}

/// Whether this process holds the socket.
pub(super) fn is_held_by(socket: Entry<'_>, pid: u32) -> bool {
    socket.owners().unwrap_or_default().iter().any(|owner| owner.pid == Some(pid))
}

/// Who holds sockets: "nginx (PIDs 12 and 13)", or the one process that is asked about, if it is among them.
pub(super) fn holders(sockets: &[Entry<'_>], asked: Option<u32>) -> String {
    let mut owners: Vec<&Owner> = sockets.iter().flat_map(|socket| socket.owners().unwrap_or_default()).collect();
    if owners.is_empty() {
        let is_hidden = sockets.iter().any(|socket| socket.owners().is_none());
        return if is_hidden { "a process that this user may not see" } else { "no process" }.to_owned();
    }
    if owners.iter().any(|owner| owner.pid != Some(1)) {
        // The service, not the systemd that made its socket.
        owners.retain(|owner| owner.pid != Some(1));
    }
    if let Some(one) = owners.iter().find(|owner| owner.pid.is_some() && owner.pid == asked) {
        return holder(one);
    }
    owners.sort_by_key(|owner| (owner.pid, owner.fd));
    owners.dedup_by_key(|owner| owner.pid);
    let pids: Vec<u32> = owners.iter().filter_map(|owner| owner.pid).collect();
    match pids.as_slice() {
        [] | [_] => holder(owners[0]),
        _ => format!("{} (PIDs {})", name(owners[0]), enumerate(&pids, 3)),
    }
}

/// "java (PID 31307)".
pub(super) fn holder(owner: &Owner) -> String {
    match owner.pid {
        Some(pid) => format!("{} (PID {pid})", name(owner)),
        None => format!("{} (outside of this PID namespace)", name(owner)),
    }
}

/// Fit for a terminal.
pub(super) fn name(owner: &Owner) -> Sanitized<'_> {
    Sanitized::Text(owner.process.as_bytes())
}

/// "80", "80 and 443", "80, 443 and 8080", "80, 443, 8080 and 17 more".
pub(super) fn enumerate<T: std::fmt::Display>(items: &[T], most: usize) -> String {
    // "1 more" is no shorter than the item itself.
    let shown = if items.len() > most + 1 { most } else { items.len() };
    let mut text = String::new();
    for (index, item) in items[..shown].iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == items.len() => " and ",
            _ => ", ",
        };
        let _infallible = write!(text, "{before}{item}");
    }
    if shown < items.len() {
        let _infallible = write!(text, " and {} more", items.len() - shown);
    }
    text
}
