//! What could not be reported.

/// Why an event that should have been reported was not: the index of its counter.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The ring buffer was full.
    RingFull = 0,
    /// The map of connects that have not sent their SYN yet was full.
    PendingFull = 1,
    /// A field that the event cannot do without could not be read.
    Unreadable = 2,
}

impl Lost {
    /// Every reason, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::RingFull, Self::PendingFull, Self::Unreadable];
}
