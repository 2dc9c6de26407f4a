//! The answer for sockets that exist. Pure: no system call.
//!
//! The listeners of a port decide together who takes which connection (`port`, `reach`); what a program takes is a
//! `service`, and the [`Verdict`] is about these. The sockets of a [`Target`] are grouped where one
//! explanation fits all: rules find the causes of each group. The program decides the advice.

mod advice;
mod causes;
mod evidence;
mod group;
mod notes;
mod owner;
mod port;
mod reach;
mod select;
mod service;
mod target;
#[cfg(test)]
mod tests;
mod verdict;

pub use self::advice::Advice;
pub use self::causes::Cause;
pub use self::evidence::{Evidence, Holder};
pub use self::target::{Target, TargetError, Zone};
pub use self::verdict::Verdict;
use std::collections::BTreeSet;

use self::service::Services;
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
    /// What else there is to know.
    pub notes: Vec<Cause>,
    /// What would change it.
    pub remedies: Vec<Advice>,
    /// What people try that would not.
    pub no_remedies: Vec<Advice>,
}

impl<'a> Explanation<'a> {
    /// Explains sockets, at least one.
    pub fn new(target: Target, sockets: Vec<Entry<'a>>, evidence: &'a Evidence<'a>) -> Self {
        let ports = port::ports(&sockets, evidence);
        let groups = group::groups(&sockets, &ports, evidence);
        let services = Services::of(target, &sockets, &ports, evidence);
        let advices = advice::advices(&services, &groups, evidence);
        let owners = sockets.iter().flat_map(|socket| socket.owners().unwrap_or_default());
        let pids: BTreeSet<_> = owners.filter_map(|owner| owner.pid).collect();
        Self {
            target,
            processes: pids.into_iter().filter_map(|pid| evidence.holder(pid)).collect(),
            causes: causes::causes(&groups),
            verdict: verdict::verdict(target, &groups, &services, evidence),
            notes: notes::notes(&groups, &services, evidence),
            remedies: advices.remedies,
            no_remedies: advices.no_remedies,
            sockets,
        }
    }
}
