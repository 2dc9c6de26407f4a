//! Capabilities: which this thread has, and what to do about those that it lacks.

use std::{fmt, fs};

use rustix::process::geteuid;
use rustix::thread::CapabilitySet;

use crate::model::Remedy;

/// The capabilities that sockwhy can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// `CAP_BPF`: maps and programs.
    Bpf,
    /// `CAP_PERFMON`: programs that read kernel memory.
    Perfmon,
    /// `CAP_NET_ADMIN`: programs on cgroups.
    NetAdmin,
    /// `CAP_SYS_PTRACE`: other users' entries of `/proc`.
    SysPtrace,
    /// `CAP_SYS_ADMIN`: other network namespaces.
    SysAdmin,
}

impl Capability {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Bpf, Self::Perfmon, Self::NetAdmin, Self::SysPtrace, Self::SysAdmin];

    /// Its name, as `capsh` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bpf => "CAP_BPF",
            Self::Perfmon => "CAP_PERFMON",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
        }
    }

    /// Whether this thread has it. `CAP_SYS_ADMIN` includes the first two (`bpf_capable()`, `perfmon_capable()`).
    pub fn is_held(self) -> bool {
        match self {
            Self::Bpf => has(CapabilitySet::BPF | CapabilitySet::SYS_ADMIN),
            Self::Perfmon => has(CapabilitySet::PERFMON | CapabilitySet::SYS_ADMIN),
            Self::NetAdmin => has(CapabilitySet::NET_ADMIN),
            Self::SysPtrace => has(CapabilitySet::SYS_PTRACE),
            Self::SysAdmin => has(CapabilitySet::SYS_ADMIN),
        }
    }
}

/// Capabilities that are missing, at least one, and where sockwhy runs without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    capabilities: Vec<Capability>,
    who: Who,
}

/// Who lacks a capability. It decides what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A process in a user namespace. Its capabilities count there and nowhere else.
    UserNamespace,
    /// Root with fewer capabilities, as in a container.
    ConfinedRoot,
    /// An ordinary user.
    User,
}

impl Missing {
    /// Those of the needed ones that this thread lacks; `None` where it has all. In a user namespace all count as
    /// lacking: the kernel asks for those of the initial one (`capable()`, not `ns_capable()`).
    pub fn of(needed: &[Capability]) -> Option<Self> {
        let confined = in_user_namespace();
        let lacking: Vec<_> = needed.iter().copied().filter(|needed| confined || !needed.is_held()).collect();
        (!lacking.is_empty()).then(|| Self::new(lacking))
    }

    /// These, whether this thread has them or not.
    pub fn new(capabilities: Vec<Capability>) -> Self {
        let who = match (in_user_namespace(), geteuid().is_root()) {
            (true, _) => Who::UserNamespace,
            (false, true) => Who::ConfinedRoot,
            (false, false) => Who::User,
        };
        Self { capabilities, who }
    }

    /// How to get them. `command` is what was tried.
    pub fn remedy(&self, command: &str) -> Remedy {
        let how = match self.who {
            Who::UserNamespace => {
                format!("{self} must be held in the initial user namespace: run it outside of the container")
            }
            Who::ConfinedRoot => {
                let names = self.capabilities.iter().map(|capability| capability.name());
                let options: Vec<_> = names.map(|name| name.replace("CAP_", "--cap-add ")).collect();
                format!(
                    "root lacks {self}, as in a container: start it with docker run {}, or run sockwhy outside of it",
                    options.join(" ")
                )
            }
            Who::User => "run it as root".to_owned(),
        };
        Remedy::new(how, format!("sudo {command}"))
    }
}

/// "`CAP_BPF` and `CAP_PERFMON`".
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.capabilities.iter().map(|capability| capability.name()).collect();
        f.write_str(&names.join(" and "))
    }
}

/// Whether this thread has one of these.
fn has(any: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|held| held.effective.intersects(any))
}

/// Whether this process runs in another user namespace than the initial one, whose map is the identity over all ids.
pub fn in_user_namespace() -> bool {
    const ALL: [&str; 3] = ["0", "0", "4294967295"];
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !map.split_whitespace().eq(ALL))
}
