//! `failed`: once for each attempt that came to nothing.

use std::fmt::{self, Display};

use super::begun::Begun;
use super::fields::{Fields, key};
use super::outcome::Change;
use crate::model::errno::Errno;
use crate::model::format::Seconds;

/// An attempt to connect came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How it began.
    pub begun: Begun,
    /// When: nanoseconds since the epoch.
    pub time: u64,
    /// What the program gets; `None` where it gave up first.
    pub error: Option<Errno>,
    /// SYNs that were sent again.
    pub syn_retransmits: u32,
}

impl Failed {
    /// What the change means for this connection.
    pub fn new(begun: Begun, change: &Change) -> Self {
        Self { begun, time: change.time, error: change.error, syn_retransmits: change.retransmits }
    }

    /// Nanoseconds from the first SYN to the end.
    pub const fn elapsed(&self) -> u64 {
        self.time.saturating_sub(self.begun.flow().time)
    }

    /// One sentence on what happened.
    pub const fn reason(&self) -> Reason<'_> {
        Reason(self)
    }

    pub(super) fn fields(&self, out: &mut impl Fields) {
        out.optional_word(key!("error"), self.error.map(Errno::name));
        out.number(key!("errno"), self.error.map(|error| error.0));
        out.number(key!("elapsed_ns"), Some(self.elapsed()));
        out.flag(key!("syn_sent"), Some(true));
        out.number(key!("syn_retransmits"), Some(self.syn_retransmits));
        out.sentence(key!("reason"), &self.reason());
    }
}

/// Why an attempt came to nothing: one sentence, written where it is displayed.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a>(&'a Failed);

impl Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(failed) = *self;
        let peer = failed.begun.flow().peer;
        let Some(error) = failed.error else { return f.write_str("given up by its owner") };
        match error {
            // The answer is a RST, or an ICMP message from a firewall: the socket does not tell.
            Errno::CONNREFUSED => write!(f, "nobody listens on {peer}, or a firewall refuses the connection"),
            Errno::TIMEDOUT => {
                let syns = failed.syn_retransmits + 1;
                let elapsed = Seconds(failed.elapsed());
                write!(f, "no answer to {syns} SYN{} in {elapsed}", if syns == 1 { "" } else { "s" })
            }
            Errno::HOSTUNREACH => write!(f, "a router or this host cannot reach {}", peer.ip()),
            Errno::NETUNREACH => write!(f, "there is no route to {}", peer.ip()),
            Errno::CONNRESET => write!(f, "{peer} reset the connection before it was established"),
            Errno::ACCES | Errno::PERM => write!(f, "a firewall or a security policy forbids it ({})", error.name()),
            _ => write!(f, "the kernel ended the attempt with {}", error.name()),
        }
    }
}
