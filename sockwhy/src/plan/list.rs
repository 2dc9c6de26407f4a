//! One run of `sockwhy list`.

use sockwhy_common::COMM_LEN;

use super::distinct;
use super::labels::{self, Contradiction, Labels};
use crate::cli::{ListArgs, NetnsArg};
use crate::model::socket::{Entry, State};
use crate::model::{Cidr, Label};

/// Which sockets to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPlan {
    /// Network namespaces to look into; `None` for the one that sockwhy runs in.
    pub netns: Option<NetnsArg>,
    /// Processes that must be there, as sockwhy's PID namespace numbers them.
    pub pids: Vec<u32>,
    comms: Vec<[u8; COMM_LEN]>,
    uids: Vec<u32>,
    ports: Vec<u16>,
    nets: Vec<Cidr>,
    labels: Labels,
    listeners: bool,
    connections: bool,
    time_wait: bool,
}

impl ListPlan {
    /// What these arguments ask for.
    ///
    /// # Errors
    /// When no socket can ever pass all the filters.
    pub fn new(args: ListArgs) -> Result<Self, Contradiction> {
        // A label that only listeners have asks for listeners.
        let listeners = args.all || args.listening || args.label.iter().any(|label| label.is_of_listeners());
        let labels = labels::common(Label::set(|_| true), &args.filters, labels::label_filter(&args.label))?;
        let filters = args.filters;
        Ok(Self {
            netns: args.netns,
            pids: distinct(filters.pid),
            comms: distinct(filters.comm),
            uids: distinct(filters.uid),
            ports: distinct(filters.port),
            nets: distinct(filters.net),
            labels,
            listeners,
            connections: args.all || !args.listening,
            time_wait: args.all,
        })
    }

    /// Whether a socket is to be shown. Filters of different kinds must all hold, the values of one are alternatives.
    pub fn wants(&self, socket: Entry<'_>) -> bool {
        let state = match socket.state {
            State::Listen => self.listeners,
            State::TimeWait => self.time_wait,
            _ => self.connections,
        };
        state
            && self.labels & socket.label.bit() != 0
            && any(&self.ports, |port| {
                *port == socket.local.port() || socket.peer.is_some_and(|peer| *port == peer.port())
            })
            && any(&self.nets, |net| socket.peer.is_some_and(|peer| net.has(peer.ip())))
            && any(&self.uids, |uid| socket.uid == Some(*uid))
            && self.wants_owners(socket)
    }

    fn wants_owners(&self, socket: Entry<'_>) -> bool {
        if self.pids.is_empty() && self.comms.is_empty() {
            return true;
        }
        socket.owners().unwrap_or_default().iter().any(|owner| {
            any(&self.pids, |pid| owner.pid == Some(*pid)) && any(&self.comms, |comm| owner.process == (*comm).into())
        })
    }
}

/// Whether one of the values holds. An empty list passes everything.
fn any<T>(values: &[T], holds: impl FnMut(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(holds)
}
