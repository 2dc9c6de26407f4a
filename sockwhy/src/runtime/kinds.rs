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
    /// Where the `IPV6_V6ONLY` of its listeners on `::` comes from.
    pub v6only: V6only,
    /// What its listener on `::` becomes with `net.ipv6.conf.all.disable_ipv6=1` and a restart of the program.
    pub disable_ipv6: Becomes,
    /// What its listener on `::` becomes with `net.ipv6.bindv6only=1` and a restart of the program.
    pub bindv6only: Becomes,
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
    /// The file that it runs is one of these, or its name where the file is unknown. A `*` at the end stands for any rest.
    Program(&'static [&'static str]),
    /// A file of one of these names is mapped into its memory, likewise.
    Library(&'static [&'static str]),
    /// Go compiled it.
    Go,
    /// rustc compiled it, or a part of it.
    Rust,
}

/// Where the `IPV6_V6ONLY` of a program's listeners on `::` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V6only {
    /// The program sets the option, to 0 or to 1, whatever `net.ipv6.bindv6only` says.
    Sets,
    /// The program leaves the option alone: it is what `net.ipv6.bindv6only` was when the socket was made.
    Inherits,
    /// It depends on the program's source or configuration, or is unknown.
    Varies,
}

/// What a program's listener on `::`, as the program usually makes it, becomes when a sysctl is set and the program is
/// restarted. A listener on one IPv6 address may become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The same.
    Same,
    /// An `AF_INET` listener.
    Ipv4,
    /// An IPv6-only listener: IPv4 is refused.
    Ipv6Only,
    /// A listener for each, IPv4 and IPv6.
    Pair,
    /// The program does not start.
    Failure,
    /// Not tried: say nothing.
    Unknown,
}

/// What somebody who looks at a socket may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// IPv4 alone, by an `AF_INET` socket, which netstat lists as `tcp`.
    Ipv4Only,
    /// IPv4 as well as IPv6.
    Both,
    /// IPv6 alone.
    Ipv6Only,
}

impl Aim {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4Only => "ipv4-only",
            Self::Both => "both",
            Self::Ipv6Only => "ipv6-only",
        }
    }
}

/// Which sockets of a program something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its listeners.
    Listen,
    /// The connections that it makes.
    Connect,
}

/// Whom a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any address of the host: it is bound to 0.0.0.0 or `::`.
    Any,
    /// This host alone: it is bound to a loopback address.
    Loopback,
    /// One other address.
    One,
}

/// Something to do. It keeps the scope of the listener. In the texts, `{port}` stands for the listener's port, `{ipv4}`
/// and `{ipv6}` for addresses of its scope: 0.0.0.0 and `::`, 127.0.0.1 and `::1`, or the one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Which sockets it is about.
    pub role: Role,
    /// What it is for.
    pub aims: &'static [Aim],
    /// For which listeners; empty: for all.
    pub scopes: &'static [Scope],
    /// The setting that it makes, where sockwhy can see whether it is made: name and value, as [`Setting`] has them.
    pub setting: Option<(&'static str, &'static str)>,
    /// What to do.
    pub what: &'static str,
    /// Where and how.
    pub how: &'static str,
    /// What comes of it, with everything else that it changes.
    pub effect: &'static str,
}

impl Remedy {
    /// Whether it is for this.
    #[must_use]
    pub fn is_for(&self, role: Role, aim: Aim, scope: Scope) -> bool {
        self.role == role && self.aims.contains(&aim) && (self.scopes.is_empty() || self.scopes.contains(&scope))
    }
}

impl Setting {
    /// Whether it is what the remedy asks for.
    #[must_use]
    pub fn is_made_by(&self, remedy: &Remedy) -> bool {
        remedy
            .setting
            .is_some_and(|(name, value)| self.name == name && self.value.eq_ignore_ascii_case(value.as_bytes()))
    }
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
