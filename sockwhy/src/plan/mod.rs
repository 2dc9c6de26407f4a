//! What a run will do: arguments that make sense together, in the form that the kernel's maps take.

mod labels;
mod list;
mod nets;

use std::{fmt, time::Duration};

pub use labels::Contradiction;
pub use list::{ListPlan, NetnsChoice};
pub use nets::{Cidr, CidrError, NetRule};
use sockwhy_common::{COMM_LEN, label_bit};

use crate::{
    cli::{BackendArg, EventArg, LabelArg, TraceArgs},
    socket::Label,
};

/// Smallest ring buffer, in bytes: it consists of whole pages.
const MIN_BUFFER: u32 = 4096;

/// One run of `sockwhy trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePlan {
    /// Which flows to report.
    pub filters: FlowFilter,
    /// Report connections made.
    pub connects: bool,
    /// Report connections accepted.
    pub accepts: bool,
    /// How to see them.
    pub backend: BackendChoice,
    /// Stop after so many events.
    pub count: Option<u64>,
    /// Stop after so long.
    pub duration: Option<Duration>,
    /// Size of the ring buffer in bytes: a power of two from 4 KiB to 1 GiB.
    pub buffer_size: u32,
    /// What the user should know of how the arguments were understood, a line each.
    pub notes: Vec<String>,
}

/// Which flows to report. Filters of different kinds must all hold, the values of one are alternatives, an empty list
/// lets everything through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFilter {
    /// Processes, as sockwhy's PID namespace numbers them.
    pub pids: Vec<u32>,
    /// Real user ids.
    pub uids: Vec<u32>,
    /// Ports, local or the peer's, host order.
    pub ports: Vec<u16>,
    /// Names of processes, padded with NUL.
    pub comms: Vec<[u8; COMM_LEN]>,
    /// Networks of the peer.
    pub nets: Vec<NetRule>,
    /// Labels: bits of [`label_bit`], at least one.
    pub labels: u8,
}

impl FlowFilter {
    /// Lets everything through.
    pub const EVERYTHING: Self = Self {
        pids: Vec::new(),
        uids: Vec::new(),
        ports: Vec::new(),
        comms: Vec::new(),
        nets: Vec::new(),
        labels: label_bit::ALL,
    };
}

/// How the kernel's programs are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Trampolines at the functions' entries and exits.
    Fentry,
    /// Breakpoints at the functions' entries.
    Kprobe,
    /// Tracepoints and, for connects, `sock_ops`.
    Tracepoint,
}

impl Backend {
    /// Every one, in the order in which `auto` tries them.
    pub const ALL: [Self; 3] = [Self::Fentry, Self::Kprobe, Self::Tracepoint];
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
        })
    }
}

/// Which backend the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// The best one that the host allows.
    Auto,
    /// This one or none.
    Only(Backend),
}

impl TracePlan {
    /// What these arguments ask for.
    ///
    /// # Errors
    /// When no flow can ever pass all the filters.
    pub fn new(args: TraceArgs) -> Result<Self, Contradiction> {
        let label = labels::label_filter(args.label.iter().map(|label| Label::from(*label)));
        let labels = labels::common(label_bit::ALL, &args.filters, label)?;
        let filters = args.filters;
        let buffer_size = args.buffer_size.max(MIN_BUFFER).next_power_of_two();
        let mut notes = Vec::new();
        if buffer_size != args.buffer_size {
            notes.push(format!(
                "--buffer-size {} rounded up to {buffer_size}: the kernel wants a power of two of at least {MIN_BUFFER}",
                args.buffer_size,
            ));
        }
        Ok(Self {
            filters: FlowFilter {
                pids: distinct(filters.pid),
                uids: distinct(filters.uid),
                ports: distinct(filters.port),
                comms: distinct(filters.comm),
                nets: nets::rules(filters.net),
                labels,
            },
            connects: args.event.is_empty() || args.event.contains(&EventArg::Connect),
            accepts: args.event.is_empty() || args.event.contains(&EventArg::Accept),
            backend: match args.backend {
                BackendArg::Auto => BackendChoice::Auto,
                BackendArg::Fentry => BackendChoice::Only(Backend::Fentry),
                BackendArg::Kprobe => BackendChoice::Only(Backend::Kprobe),
                BackendArg::Tracepoint => BackendChoice::Only(Backend::Tracepoint),
            },
            count: args.count,
            duration: args.duration,
            buffer_size,
            notes,
        })
    }
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

impl From<LabelArg> for Label {
    fn from(label: LabelArg) -> Self {
        match label {
            LabelArg::Ipv4 => Self::Ipv4,
            LabelArg::Ipv6 => Self::Ipv6,
            LabelArg::Ipv4OverAfInet6 => Self::Ipv4OverAfInet6,
        }
    }
}

#[cfg(test)]
mod tests;
