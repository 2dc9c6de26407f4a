//! What is known of a runtime: how to recognise it, and what changes the family of its sockets.

use super::settings::Setting;
use crate::host::Process;

/// A language's runtime, or a server that is known by name.
#[derive(Debug)]
pub struct Runtime {
    /// What people call it.
    pub name: &'static str,
    /// How sure its remedies are.
    pub tier: Tier,
    /// How to know it: any of these is enough.
    pub signs: &'static [Sign],
    /// Whether its listeners' `IPV6_V6ONLY` is its own doing, whatever `net.ipv6.bindv6only` says; `None` where that depends
    /// on how it is called.
    pub sets_v6only: Option<bool>,
    /// What of its settings matters.
    pub settings: fn(&Process) -> Vec<Setting>,
    /// What changes the family.
    pub remedies: &'static [Remedy],
    /// What people try that does not.
    pub useless: &'static [Remedy],
}

/// How sure the remedies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// A test starts the real program, does what the remedy says, and sees what comes of it.
    Proven,
    /// The documentation says so; named here.
    ByTheBook(&'static str),
}

/// Something by which a runtime is known.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// The file that it runs, or where that may not be known its name, is one of these; a `*` at the end stands for any rest.
    Program(&'static [&'static str]),
    /// A file of one of these names is mapped into its memory, likewise.
    Library(&'static [&'static str]),
    /// Go compiled it.
    Go,
    /// rustc compiled it, or a part of it.
    Rust,
}

/// What somebody who looks at a socket may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// A listener that netstat lists as `tcp`: IPv4 only.
    ListenIpv4,
    /// A listener that takes IPv4 as well as IPv6.
    ListenBoth,
    /// A connection that netstat lists as `tcp`.
    ConnectIpv4,
}

/// Something to do. In the texts, `{port}` stands for the port of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What it is for.
    pub aims: &'static [Aim],
    /// What to do.
    pub what: &'static str,
    /// Where and how.
    pub how: &'static str,
    /// What comes of it.
    pub effect: &'static str,
}

impl Sign {
    pub(super) fn is_seen(self, process: &Process) -> bool {
        match self {
            Self::Program(names) => matches_any(names, process.program.as_ref().unwrap_or(&process.name)),
            Self::Library(names) => process.libraries.iter().any(|library| matches_any(names, library)),
            Self::Go | Self::Rust => false,
        }
    }
}

fn matches_any(patterns: &[&str], name: &[u8]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    })
}
