//! Why the kernel refuses what the capabilities allow, as far as this host's settings tell.

use std::fmt;

use rustix::io::Errno;

use super::memlock;
use crate::host::{Capability, seccomp, sysctl};
use crate::model::Remedy;

/// What was asked of the kernel. Each can be refused for reasons of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To create a map: the first use of `bpf()`.
    CreateMap,
    /// To load a program.
    Load,
    /// To attach a program by a perf event, as kprobes and the tracepoints of single system calls are.
    PerfEvent,
    /// To attach it in another way.
    Attach,
}

/// A setting of this host that stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Maps count against a limit.
    Memlock,
    /// A filter of system calls, as container engines install one.
    Seccomp,
    /// The kernel is locked down.
    Lockdown,
    /// Debian's and Android's addition: level 3 leaves `perf_event_open()` to `CAP_SYS_ADMIN`.
    PerfEventParanoid,
}

impl Cause {
    /// That of an error of this step.
    pub(super) fn of(step: Step, error: Option<Errno>) -> Option<Self> {
        let is_denied = matches!(error, Some(Errno::PERM | Errno::ACCESS | Errno::NOSYS));
        match step {
            Step::CreateMap if is_denied && memlock::limit().is_some() && memlock::is_counted() => Some(Self::Memlock),
            Step::CreateMap if is_denied && seccomp::is_filtered() => Some(Self::Seccomp),
            Step::Load | Step::PerfEvent if sysctl::lockdown().is_some_and(|mode| mode == "confidentiality") => {
                Some(Self::Lockdown)
            }
            Step::PerfEvent if is_denied && !Capability::SysAdmin.is_held() => {
                let level = sysctl::read("kernel/perf_event_paranoid");
                let is_restricted = level.is_some_and(|level| level > 2);
                let filtered = || seccomp::is_filtered().then_some(Self::Seccomp);
                is_restricted.then_some(Self::PerfEventParanoid).or_else(filtered)
            }
            _ => None,
        }
    }

    /// What to do about it. `command` is what was tried.
    pub fn remedy(self, command: &str) -> Remedy {
        match self {
            Self::Memlock => Remedy::new(
                "raise the limit (in a container: docker run --ulimit memlock=-1)",
                format!("sudo prlimit --memlock=unlimited {command}"),
            ),
            Self::Seccomp => Remedy::new(
                "allow bpf() and perf_event_open() in the container's profile, as docker run --security-opt \
                 seccomp=unconfined does, or run it outside of the container",
                format!("sudo {command}"),
            ),
            Self::Lockdown => Remedy::new("boot with lockdown=integrity", "cat /sys/kernel/security/lockdown"),
            Self::PerfEventParanoid => Remedy::new("lower it", "sudo sysctl kernel.perf_event_paranoid=2"),
        }
    }
}

/// In brackets behind the error.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memlock => "maps of BPF count against RLIMIT_MEMLOCK, which is too low",
            Self::Seccomp => "a seccomp filter is on, as in a container, and refuses it",
            Self::Lockdown => "kernel lockdown is in confidentiality mode",
            Self::PerfEventParanoid => "kernel.perf_event_paranoid is above 2, which asks for CAP_SYS_ADMIN",
        })
    }
}
