//! Joins what becomes of connections to how they began.
//!
//! The kernel ends connections in whatever context a segment or a timer comes: who it was is known from the beginning
//! alone. Records come in the order in which they were begun to be written, and a socket's memory is given to another only
//! after its connection's end was written. So the latest beginning with the same number is the right one.

use std::collections::{HashMap, VecDeque};

use super::event::{Begun, Change, Closed, Established, Event, Failed, Kind, Record};

/// Ends of connections that nobody had accepted, at most. They are few: the peer has reset the connection within the time
/// that it waited in the listener's queue.
const MAX_EARLY_ENDS: usize = 4096;

/// The connections that are open.
#[derive(Debug)]
pub struct Flows {
    kinds: Vec<Kind>,
    max_open: usize,
    open: HashMap<u64, Open>,
    /// Ends of connections that were not accepted yet, the latest first.
    early_ends: VecDeque<Change>,
    unknown: u64,
}

/// A connection that has begun and not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    begun: Begun,
    /// SYNs that were sent again before the answer; `None` where none has come.
    answered: Option<u32>,
}

impl Flows {
    /// Will tell of these kinds of event, for at most `max_open` connections at a time.
    pub fn new(kinds: Vec<Kind>, max_open: usize) -> Self {
        Self { kinds, max_open, open: HashMap::new(), early_ends: VecDeque::new(), unknown: 0 }
    }

    /// How many connections had no room, so that what becomes of them is unknown.
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// The events that this record makes, in their order.
    pub fn events(&mut self, record: Record) -> impl Iterator<Item = Event> {
        let events = match record {
            Record::Begun(socket, begun) => [Some(begun.into()), self.begin(socket, begun)],
            Record::Established(change) => [self.establish(&change), None],
            Record::Closed(change) => [self.end(change), None],
        };
        let kinds = &self.kinds;
        events.into_iter().flatten().filter(|event| kinds.contains(&event.kind()))
    }

    fn shows(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Remembers a connection. One that has ended before it was accepted is reported at once.
    fn begin(&mut self, socket: u64, begun: Begun) -> Option<Event> {
        let wanted: &[Kind] = match begun {
            Begun::Connect(_) => &[Kind::Failed, Kind::Established, Kind::Closed],
            Begun::Accept(_) => &[Kind::Closed],
        };
        if !wanted.iter().any(|kind| self.shows(*kind)) {
            return None;
        }
        let open = Open { begun, answered: matches!(begun, Begun::Accept(_)).then_some(0) };
        if let Some(end) = self.early_end(socket, &begun) {
            return Some(outcome(open, &end));
        }
        if self.open.len() < self.max_open || self.open.contains_key(&socket) {
            self.open.insert(socket, open);
        } else {
            self.unknown += 1;
        }
        None
    }

    /// The end of this accepted connection, where it came before the accept.
    fn early_end(&mut self, socket: u64, begun: &Begun) -> Option<Change> {
        let flow = begun.flow();
        let is_it = |end: &Change| end.socket == socket && (end.local, end.peer) == (flow.local, flow.peer);
        let index = self.early_ends.iter().position(is_it)?;
        self.early_ends.remove(index)
    }

    fn establish(&mut self, change: &Change) -> Option<Event> {
        let open = self.open.get_mut(&change.socket)?;
        open.answered = Some(change.retransmits);
        let begun = open.begun;
        if !self.shows(Kind::Closed) {
            self.open.remove(&change.socket);
        }
        Some(Event::Established(Established::new(begun, change)))
    }

    fn end(&mut self, change: Change) -> Option<Event> {
        match self.open.remove(&change.socket) {
            Some(open) => Some(outcome(open, &change)),
            None if change.in_queue => {
                self.early_ends.truncate(MAX_EARLY_ENDS - 1);
                self.early_ends.push_front(change);
                None
            }
            // Not wanted by the filters, begun before the trace, or counted as lost or unknown.
            None => None,
        }
    }
}

fn outcome(Open { begun, answered }: Open, change: &Change) -> Event {
    match answered {
        Some(syn_retransmits) => Event::Closed(Closed::new(begun, syn_retransmits, change)),
        None => Event::Failed(Failed::new(begun, change)),
    }
}
