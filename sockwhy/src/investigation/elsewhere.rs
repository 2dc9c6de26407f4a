//! Where a port is used that is not used in sockwhy's own network namespace.

use std::fmt;

use super::networks;
use crate::cli::NetnsArg;
use crate::explanation::{Evidence, Target};
use crate::host::Process;
use crate::inventory;
use crate::model::Sanitized;
use crate::model::socket::Entry;

/// A network namespace in which the target is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The namespace's inode number.
    pub netns: u32,
    /// Who uses it there, fit for a terminal; `None` where that is unknown.
    pub who: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the network namespace {}", self.who.as_deref().unwrap_or("a process"), self.netns)
    }
}

/// Looks into all network namespaces, as far as that is allowed. The target is not used in sockwhy's own.
pub(super) fn look(target: Target) -> Vec<Place> {
    let Ok((namespaces, sockets)) = inventory::look(Some(NetnsArg::All)) else { return Vec::new() };
    let evidence = Evidence { sockets: &sockets, holders: [].into(), networks: networks::read(&namespaces) };
    let mut places: Vec<Place> = Vec::new();
    for socket in target.select(&evidence) {
        if !places.iter().any(|place| place.netns == socket.netns) {
            places.push(Place { netns: socket.netns, who: who(socket) });
        }
    }
    places
}

/// "nginx (PID 12, docker-3f2a….scope)": the cgroup's last part names the container or the service.
fn who(socket: Entry<'_>) -> Option<String> {
    let owner = socket.owners()?.first()?;
    let pid = owner.pid?;
    let name = Sanitized::Text(owner.process.as_bytes());
    let process = Process::read(pid);
    let cgroup = process.cgroup.rsplit(|byte| *byte == b'/').next().filter(|part| !part.is_empty());
    Some(match cgroup {
        Some(cgroup) => format!("{name} (PID {pid}, {})", Sanitized::Text(cgroup)),
        None => format!("{name} (PID {pid})"),
    })
}
