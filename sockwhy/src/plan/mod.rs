//! What a run will do: arguments that make sense together, in the form that the kernel's maps take.

mod labels;
mod list;

use std::time::Duration;

pub use labels::Contradiction;
pub use list::ListPlan;
use sockwhy_common::{COMM_LEN, Watch, label_bit};

use crate::cli::{EventArg, TraceArgs};
use crate::model::Backend;
use crate::model::cidr::{self, NetRule};
use crate::model::event::Kind;

/// Smallest ring buffer, in bytes: it consists of whole pages.
const MIN_BUFFER: u32 = 4096;

/// One run of `sockwhy trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePlan {
    /// Which flows to report.
    pub filters: FlowFilter,
    /// Which kinds of event to report.
    pub events: Vec<Kind>,
    /// How many open connections to follow at a time, where their ends are to be reported.
    pub max_flows: usize,
    /// How to see them; `None` for the best way that the host allows.
    pub backend: Option<Backend>,
    /// Stop after this many events.
    pub count: Option<u64>,
    /// Stop after this time.
    pub duration: Option<Duration>,
    /// Size of the ring buffer in bytes: a power of two from 4 KiB to 1 GiB.
    pub buffer_size: u32,
    /// How arguments were changed, a line each, for the user.
    pub notes: Vec<String>,
}

/// Which flows to report. Filters of different kinds must all hold, the values of one are alternatives, an empty list
/// passes everything.
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
    /// Passes everything.
    pub const EVERYTHING: Self = Self {
        pids: Vec::new(),
        uids: Vec::new(),
        ports: Vec::new(),
        comms: Vec::new(),
        nets: Vec::new(),
        labels: label_bit::ALL,
    };
}

impl TracePlan {
    /// What these arguments ask for.
    ///
    /// # Errors
    /// When no flow can ever pass all the filters.
    pub fn new(args: TraceArgs) -> Result<Self, Contradiction> {
        let label = labels::label_filter(&args.label);
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
                nets: cidr::rules(filters.net),
                labels,
            },
            events: events(&args.event),
            max_flows: args.max_flows,
            backend: args.backend,
            count: args.count,
            duration: args.duration,
            buffer_size,
            notes,
        })
    }
}

impl TracePlan {
    /// How far connections are to be followed.
    pub fn watch(&self) -> Watch {
        let shows = |kind| self.events.contains(&kind);
        match (shows(Kind::Closed), shows(Kind::Failed) || shows(Kind::Established)) {
            (true, _) => Watch::Lives,
            (false, true) => Watch::Attempts,
            (false, false) => Watch::Nothing,
        }
    }

    /// Which beginnings must be seen: those to report, and those that outcomes belong to.
    pub fn beginnings(&self) -> Vec<Kind> {
        let watch = self.watch();
        let needed = |kind| match kind {
            Kind::Connect => self.events.contains(&kind) || watch >= Watch::Attempts,
            Kind::Accept => self.events.contains(&kind) || watch >= Watch::Lives,
            _ => false,
        };
        Kind::ALL.into_iter().filter(|kind| needed(*kind)).collect()
    }
}

/// The kinds of event that are asked for, each once. Beginnings alone, where none is.
fn events(asked_for: &[EventArg]) -> Vec<Kind> {
    let is_asked_for = |kind| match kind {
        Kind::Connect | Kind::Accept if asked_for.is_empty() => true,
        _ => asked_for.iter().any(|asked| matches!(asked, EventArg::All) || *asked == EventArg::Kind(kind)),
    };
    Kind::ALL.into_iter().filter(|kind| is_asked_for(*kind)).collect()
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests;
