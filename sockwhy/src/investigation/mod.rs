//! From a target to its explanation: looks at the machine, and hands what it finds to [`crate::explanation`].

mod elsewhere;
mod networks;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use thiserror::Error;

pub use self::elsewhere::Place;
use crate::cli::NetnsArg;
use crate::exit::{Exit, Failure, IoFailure};
use crate::explanation::{Evidence, Explanation, Holder, Target};
use crate::host::{Capability, Missing, NoProcess, Process, owners, pid};
use crate::inventory;
use crate::inventory::{Inventory, InventoryError};
use crate::model::network::Network;
use crate::model::socket::{Entry, Sockets, State};
use crate::model::{Remedy, Sanitized};
use crate::runtime::Identity;

/// Why there is nothing to explain.
#[derive(Debug, Error)]
pub enum InvestigationError {
    /// The process is not there.
    #[error(transparent)]
    NoProcess(#[from] NoProcess),
    /// The process has no TCP sockets.
    #[error("process {pid}{} has no TCP sockets", named(.name))]
    NoSockets {
        /// Its PID.
        pid: u32,
        /// Its name, fit for a terminal.
        name: String,
    },
    /// No such process, but somebody listens on the port of that number.
    #[error("no process has the PID {0}, but port {0} is in use")]
    PortNotPid(u16),
    /// Likewise, where the process has no TCP sockets.
    #[error("process {port}{} has no TCP sockets, but port {port} is in use", named(.name))]
    PortNotProcess {
        /// The number.
        port: u16,
        /// The process's name, fit for a terminal.
        name: String,
    },
    /// It is another user's, and what it holds may not be seen.
    #[error("this user may not see the sockets of process {pid}{}", named(.name))]
    Hidden {
        /// Its PID.
        pid: u32,
        /// Its name, fit for a terminal.
        name: String,
        /// How to see them.
        remedy: Remedy,
    },
    /// No socket is meant.
    #[error("no TCP socket here uses {target}{}", with_udp(*.udp))]
    Unused {
        /// What was asked about.
        target: Target,
        /// Sockets of UDP are on that port.
        udp: bool,
    },
    /// No socket is meant here, but one of another network namespace.
    #[error("no TCP socket here uses {target}, but {}", described(.places))]
    Elsewhere {
        /// What was asked about.
        target: Target,
        /// Where it is used, at least one.
        places: Vec<Place>,
    },
    /// The sockets cannot be read.
    #[error(transparent)]
    Sockets(#[from] InventoryError),
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

impl Failure for InvestigationError {
    fn exit(&self) -> Exit {
        match self {
            Self::Hidden { .. } => Exit::NotAllowed,
            Self::Sockets(error) => error.exit(),
            _ => Exit::Failed,
        }
    }

    fn remedy(&self, command: &str) -> Option<Remedy> {
        match self {
            Self::NoProcess(error) => error.remedy(command),
            Self::NoSockets { .. } => Some(Remedy::new("list those of all processes", "sudo sockwhy list -a")),
            Self::PortNotPid(port) | Self::PortNotProcess { port, .. } => {
                Some(Remedy::new("explain the port", format!("sudo sockwhy explain :{port}")))
            }
            Self::Hidden { remedy, .. } => Some(remedy.clone()),
            Self::Unused { .. } => Some(Remedy::new("list those that exist", "sudo sockwhy list -a")),
            Self::Elsewhere { target, places } => {
                let netns = places.first()?.netns;
                Some(Remedy::new("explain it there", format!("sudo sockwhy explain --netns {netns} {target}")))
            }
            Self::Sockets(error) => error.remedy(command),
            Self::Io(_) => None,
        }
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

fn with_udp(is_used: bool) -> &'static str {
    if is_used { " (UDP sockets do, which are not explained)" } else { "" }
}

fn described(places: &[Place]) -> String {
    match places {
        [one] => format!("{one} does"),
        [first, rest @ ..] => format!("{first} does, and so do those of {} more", rest.len()),
        [] => String::new(),
    }
}

/// Looks at the machine, explains the target, and hands the explanation to `show`.
///
/// # Errors
/// Where nothing is meant, or it may not be seen.
pub fn explain<T>(
    target: Target,
    netns: Option<NetnsArg>,
    show: impl FnOnce(&Explanation<'_>) -> T,
) -> Result<T, InvestigationError> {
    let (namespaces, sockets) = look(target, netns)?;
    let networks = networks::read(&namespaces);
    let mut evidence = Evidence { sockets: &sockets, holders: BTreeMap::new(), networks };
    let selected = target.select(&evidence);
    if selected.is_empty() {
        return Err(nothing(target, netns, &sockets, &evidence.networks));
    }
    evidence.holders = holders(&selected, &sockets);
    Ok(show(&Explanation::new(target, selected, &evidence)))
}

fn look(target: Target, netns: Option<NetnsArg>) -> Result<Inventory, InvestigationError> {
    let Target::Process(pid) = target else { return Ok(inventory::look(netns)?) };
    if let Err(error) = pid::check_process(pid) {
        let (_, sockets) = inventory::look(netns)?;
        let port = port_instead(pid, &sockets).filter(|_| matches!(error, NoProcess::Gone(_)));
        return Err(port.map_or(error.into(), InvestigationError::PortNotPid));
    }
    Ok(if netns.is_some() { inventory::look(netns)? } else { inventory::look_at_process(pid)? })
}

/// Why nothing is found.
fn nothing(
    target: Target,
    netns: Option<NetnsArg>,
    sockets: &Sockets,
    networks: &BTreeMap<u32, Network>,
) -> InvestigationError {
    let Target::Process(pid) = target else {
        let places = if netns.is_none() { elsewhere::look(target) } else { Vec::new() };
        if !places.is_empty() {
            return InvestigationError::Elsewhere { target, places };
        }
        let is_udp = |port| networks.values().any(|network| network.udp.iter().any(|(used, _)| *used == port));
        return InvestigationError::Unused { target, udp: target.port().is_some_and(is_udp) };
    };
    let name = Sanitized::Text(&Process::read(pid).name).to_string();
    match owners::may_see(pid) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let remedy = Missing::new(vec![Capability::SysPtrace]).remedy(&format!("sockwhy explain {pid}"));
            InvestigationError::Hidden { pid, name, remedy }
        }
        Err(_) if name.is_empty() => NoProcess::Gone(pid).into(),
        _ => match port_instead(pid, sockets) {
            Some(port) => InvestigationError::PortNotProcess { port, name },
            None => InvestigationError::NoSockets { pid, name },
        },
    }
}

/// The port that may have been meant by what was taken for a PID: one on which somebody listens.
fn port_instead(pid: u32, sockets: &Sockets) -> Option<u16> {
    let is_meant =
        |port: &u16| sockets.iter().any(|socket| socket.state == State::Listen && socket.local.port() == *port);
    u16::try_from(pid).ok().filter(is_meant)
}

/// The processes that hold these sockets, or listen on the same ports. Those that have ended meanwhile are left out.
fn holders(selected: &[Entry<'_>], sockets: &Sockets) -> BTreeMap<u32, Holder> {
    let listeners = selected.iter().filter(|socket| socket.state == State::Listen);
    let ports: BTreeSet<_> = listeners.map(|socket| (socket.netns, socket.local.port())).collect();
    let beside = ports.into_iter().flat_map(|(netns, port)| sockets.listeners_on(netns, port));
    let owners = selected.iter().copied().chain(beside).flat_map(|socket| socket.owners().unwrap_or_default());
    let pids: BTreeSet<u32> = owners.filter_map(|owner| owner.pid).collect();
    pids.into_iter().filter_map(|pid| Some((pid, holder(pid)?))).collect()
}

/// A process, unless it has ended meanwhile.
fn holder(pid: u32) -> Option<Holder> {
    let process = Process::read(pid);
    (!process.name.is_empty()).then(|| Holder { identity: Identity::of(&process), process })
}
