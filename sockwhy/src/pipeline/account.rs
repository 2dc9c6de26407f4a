//! What became of the events of a run.

use std::fmt;

use sockwhy_common::Lost;

use crate::kernel::Misses;

/// How many events were shown, how many were lost, and where.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Written out.
    pub shown: u64,
    /// What the programs could not send, by reason.
    pub unsent: [(Lost, u64); Lost::ALL.len()],
    /// Runs of the programs that the kernel missed.
    pub misses: Misses,
    /// Records of a form that the programs cannot have written.
    pub malformed: u64,
    /// Read, and not written out.
    pub unwritten: u64,
    /// Connections whose end was not followed, because too many were open at once.
    pub unknown: u64,
}

impl Account {
    /// How many events each cause has cost, with words on the cause that follow the number.
    fn losses(&self) -> impl Iterator<Item = (u64, &'static str)> {
        let unsent = self.unsent.into_iter().map(|(reason, count)| {
            let cause = match reason {
                Lost::RingFull => "as the ring buffer was full (a larger --buffer-size helps)",
                Lost::PendingFull => "as too many connects were on their way at once",
                Lost::Unreadable => "as a field could not be read",
            };
            (count, cause)
        });
        unsent.chain([
            (self.misses.events, "missed by the kernel: the hook was already running on that CPU"),
            (self.malformed, "in records of an unknown form"),
            (self.unwritten, "on the way to stdout, which nobody read"),
        ])
    }
}

/// "3 events, 2 lost: 2 as the ring buffer was full (…)"
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.losses().map(|(count, _)| count).sum();
        let events = if self.shown == 1 { "event" } else { "events" };
        write!(f, "{} {events}, {total} lost", self.shown)?;
        for (index, (count, cause)) in self.losses().filter(|(count, _)| *count > 0).enumerate() {
            write!(f, "{}{count} {cause}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(shown: u64, ring_full: u64, unwritten: u64) -> Account {
        let unsent = Lost::ALL.map(|reason| (reason, if reason == Lost::RingFull { ring_full } else { 0 }));
        Account { shown, unsent, misses: Misses::default(), malformed: 0, unwritten, unknown: 0 }
    }

    #[test]
    fn one_event_is_no_events() {
        assert_eq!(account(1, 0, 0).to_string(), "1 event, 0 lost");
        assert_eq!(account(0, 0, 0).to_string(), "0 events, 0 lost");
    }

    #[test]
    fn every_loss_has_its_cause() {
        assert_eq!(
            account(3, 2, 1).to_string(),
            "3 events, 3 lost: 2 as the ring buffer was full (a larger --buffer-size helps), \
             1 on the way to stdout, which nobody read"
        );
    }
}
