//! The answer for sockets that exist. Pure: no system call.
//!
//! The sockets of a [`Target`] are put into groups of which the same can be said. Rules find the causes of each,
//! the listeners decide the [`Verdict`], and the runtime of who holds them the advice.

mod advice;
mod causes;
mod evidence;
mod group;
mod target;
#[cfg(test)]
mod tests;
mod verdict;

pub use self::advice::Advice;
pub use self::causes::Cause;
pub use self::evidence::{Evidence, Holder};
pub use self::target::{Target, TargetError};
pub use self::verdict::Verdict;
use crate::model::socket::Entry;

/// What is so, why, and what would change it.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// What was asked about.
    pub target: Target,
    /// The processes that hold the sockets, by PID.
    pub processes: Vec<&'a Holder>,
    /// The sockets.
    pub sockets: Vec<Entry<'a>>,
    /// The chain of causes.
    pub causes: Vec<Cause>,
    /// The answer.
    pub verdict: Verdict,
    /// What would change it.
    pub remedies: Vec<Advice>,
    /// What people try that would not.
    pub no_remedies: Vec<Advice>,
}

impl<'a> Explanation<'a> {
    /// Explains sockets, at least one.
    #[must_use]
    pub fn new(target: Target, sockets: Vec<Entry<'a>>, evidence: &'a Evidence<'a>) -> Self {
        let groups = group::groups(&sockets, evidence);
        let advices = advice::advices(&groups);
        Self {
            target,
            processes: evidence.holders.values().collect(),
            causes: causes::causes(&groups),
            verdict: verdict::verdict(&groups, target),
            remedies: advices.remedies,
            no_remedies: advices.no_remedies,
            sockets,
        }
    }
}
