//! What is known of a runtime.

use super::remedy::Remedy;
use super::settings::Setting;
use super::sign::Sign;
use crate::host::Process;

/// A language's runtime, or a program that is known by name.
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
    /// What its listeners become with `net.ipv6.conf.all.disable_ipv6=1`.
    pub disable_ipv6: Becomes,
    /// What its listeners become with `net.ipv6.bindv6only=1`.
    pub bindv6only: Becomes,
    /// What of its settings matters.
    pub settings: fn(&Process) -> Vec<Setting>,
    /// What changes the family.
    pub remedies: &'static [Remedy],
    /// What people try that does not, or does harm. The two sysctls are not among it: `disable_ipv6` and `bindv6only`
    /// say what comes of them.
    pub useless: &'static [Remedy],
}

/// How sure the remedies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// A test starts the real program, does what each remedy says, and sees what comes of it. The text names the version
    /// that was tried, and the documentation.
    Proven(&'static str),
    /// The documentation says so; named here.
    ByTheBook(&'static str),
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

/// What a program's listeners on any address, as the program usually makes them, become when a sysctl is set and the
/// program is restarted. A listener on one address may become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The same.
    Same,
    /// `AF_INET` listeners alone.
    Ipv4,
    /// An IPv6-only listener: IPv4 is refused.
    Ipv6Only,
    /// A listener for each, IPv4 and IPv6.
    Pair,
    /// The program does not start.
    Failure,
    /// It depends on the program's source, or was not tried.
    Unknown,
}

/// What an entry of the table has unless it says otherwise.
pub(super) const ENTRY: Runtime = Runtime {
    name: "",
    tier: Tier::ByTheBook(""),
    signs: &[],
    v6only: V6only::Varies,
    disable_ipv6: Becomes::Unknown,
    bindv6only: Becomes::Unknown,
    settings: |_| Vec::new(),
    remedies: &[],
    useless: &[],
};
