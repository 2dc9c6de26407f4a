//! Why something cannot run here: a value, with what happened, why, and what to do about it.

use std::{fmt, io};

use aya::EbpfError;
use aya::programs::ProgramError;
use aya::sys::SyscallError;
use rustix::io::Errno;
use thiserror::Error;

use super::btf::BtfError;
use super::cause::{Cause, Step};
use super::offsets::OffsetError;
use crate::exit::{Exit, Failure};
use crate::host::tracefs::TracefsError;
use crate::host::{Capability, Missing};
use crate::model::{Backend, Remedy};

/// Why a backend, or anything at all, cannot run on this host.
#[derive(Debug, Error)]
pub enum Obstacle {
    /// The kernel shows no BTF.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The kernel's structs are not as the programs need them.
    #[error(transparent)]
    Offsets(#[from] OffsetError),
    /// Capabilities are missing.
    #[error("{action} needs {missing}")]
    Capabilities {
        /// What was tried.
        action: &'static str,
        /// What is missing.
        missing: Missing,
    },
    /// tracefs is needed and cannot be mounted.
    #[error(transparent)]
    Tracefs(#[from] TracefsError),
    /// The kernel refused, although the capabilities were there.
    #[error("the kernel refused to {action}: {error}{}", because(*.cause))]
    Kernel {
        /// What was tried.
        action: String,
        /// The system call's error.
        error: io::Error,
        /// What the verifier said, for `-v`.
        verifier: String,
        /// A likely reason, read from the host's settings.
        cause: Option<Cause>,
    },
    /// The kernel has no such function to hook.
    #[error("this kernel has no function {0} to hook")]
    NoFunction(&'static str),
    /// The function has an unknown shape.
    #[error("this kernel's {0} takes {1} arguments, a form that sockwhy does not know")]
    Shape(&'static str, usize),
    /// perf knows no kprobes.
    #[error("this kernel has no kprobes (CONFIG_KPROBE_EVENTS)")]
    NoKprobes,
    /// A container sees a part of the tree only, or nothing is mounted.
    #[error("the root of cgroup v2 is not mounted here")]
    NoCgroupRoot,
    /// Something that the backend needs from the host is not there.
    #[error("{0}")]
    Host(String),
}

/// No backend attached: what each of those that were tried said.
#[derive(Debug)]
pub struct NoBackend(Vec<(Option<Backend>, Obstacle)>);

impl NoBackend {
    /// One obstacle that holds for every backend.
    pub(super) fn for_all(obstacle: Obstacle) -> Self {
        Self(vec![(None, obstacle)])
    }

    /// An obstacle for each backend, in the order of trying.
    pub(super) fn for_each(obstacles: Vec<(Backend, Obstacle)>) -> Self {
        Self(obstacles.into_iter().map(|(backend, obstacle)| (Some(backend), obstacle)).collect())
    }
}

impl Failure for NoBackend {
    fn exit(&self) -> Exit {
        Exit::NotAllowed
    }

    /// The remedy of the last backend, which needs the least.
    fn remedy(&self, command: &str) -> Option<Remedy> {
        self.0.last().map(|(_, obstacle)| obstacle.remedy(command))
    }

    /// Every obstacle, with what the verifier said.
    fn details(&self) -> Vec<String> {
        let detail = |(backend, obstacle): &(Option<Backend>, Obstacle)| {
            let backend = backend.map_or_else(String::new, |backend| format!("{backend}: "));
            format!("{backend}{}", obstacle.detail())
        };
        self.0.iter().map(detail).collect()
    }
}

impl fmt::Display for NoBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.last() {
            Some((Some(backend), obstacle)) => write!(f, "cannot trace with the {backend} backend: {obstacle}"),
            Some((None, obstacle)) => write!(f, "cannot trace: {obstacle}"),
            None => f.write_str("cannot trace: no backend to try"),
        }
    }
}

impl std::error::Error for NoBackend {}

fn because(cause: Option<Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!(" ({cause})"))
}

impl Obstacle {
    /// What to do about it. `command` is what was tried.
    pub fn remedy(&self, command: &str) -> Remedy {
        match self {
            Self::Capabilities { missing, .. } | Self::Tracefs(TracefsError::Capabilities(missing)) => {
                missing.remedy(command)
            }
            Self::Btf(BtfError::NoSysfs) => Remedy::new("mount it", "sudo mount -t sysfs sysfs /sys"),
            Self::Btf(_) => Remedy::new(
                "use a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions have built since 2020",
                "grep BTF /boot/config-$(uname -r)",
            ),
            Self::Tracefs(TracefsError::Mount(_)) => {
                Remedy::new("mount it", "sudo mount -t tracefs tracefs /sys/kernel/tracing")
            }
            Self::Tracefs(TracefsError::NoTracepoint(_)) => Remedy::new(
                "use a kernel with CONFIG_FTRACE_SYSCALLS=y that is not locked down",
                "grep FTRACE_SYSCALLS /boot/config-$(uname -r)",
            ),
            Self::NoKprobes => {
                Remedy::new("use a kernel with CONFIG_KPROBE_EVENTS=y", "grep KPROBE /boot/config-$(uname -r)")
            }
            Self::NoCgroupRoot => mount_cgroup(),
            Self::Kernel { cause: Some(cause), .. } => cause.remedy(command),
            Self::Kernel { verifier, .. } if !verifier.is_empty() => {
                Remedy::new("see what the verifier says", format!("sudo {command} -v"))
            }
            Self::Kernel { .. } | Self::Offsets(_) | Self::NoFunction(_) | Self::Shape(..) | Self::Host(_) => {
                Remedy::new("see what this host allows", "sudo sockwhy doctor")
            }
        }
    }

    /// What happened, with what the verifier said, for `-v`.
    pub fn detail(&self) -> String {
        match self {
            Self::Kernel { verifier, .. } if !verifier.is_empty() => format!("{self}\n{verifier}"),
            _ => self.to_string(),
        }
    }

    /// The error of loading the object as a whole.
    pub(super) fn object(error: &EbpfError) -> Self {
        Self::from_source("create BPF maps", Step::CreateMap, error)
    }

    /// The error of loading or attaching one program.
    pub(super) fn program(action: impl fmt::Display, error: &ProgramError) -> Self {
        let (step, verifier) = match error {
            ProgramError::LoadError { verifier_log, .. } => (Step::Load, verifier_log.to_string()),
            ProgramError::SyscallError(SyscallError { call, .. }) if call.starts_with("perf_event_open") => {
                (Step::PerfEvent, String::new())
            }
            _ => (Step::Attach, String::new()),
        };
        match Self::from_source(&action.to_string(), step, error) {
            Self::Kernel { action, error, cause, .. } => Self::Kernel { action, error, verifier, cause },
            other => other,
        }
    }

    fn from_source(action: &str, step: Step, error: &(dyn std::error::Error + 'static)) -> Self {
        let errno = errno(error);
        if matches!(errno, Some(Errno::PERM | Errno::ACCESS))
            && let Some(missing) = Missing::of(&[Capability::Bpf, Capability::Perfmon])
        {
            return Self::Capabilities { action: "loading BPF programs", missing };
        }
        let error = errno.map_or_else(|| io::Error::other(error.to_string()), io::Error::from);
        let cause = Cause::of(step, errno);
        Self::Kernel { action: action.to_owned(), error, verifier: String::new(), cause }
    }
}

/// How to have the root of cgroup v2.
pub fn mount_cgroup() -> Remedy {
    Remedy::new(
        "mount its root (in a container: the host's)",
        "sudo mkdir -p /sys/fs/cgroup/unified && sudo mount -t cgroup2 none /sys/fs/cgroup/unified",
    )
}

/// The system call's error at the bottom of a chain.
fn errno(error: &(dyn std::error::Error + 'static)) -> Option<Errno> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<io::Error>().and_then(Errno::from_io_error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
