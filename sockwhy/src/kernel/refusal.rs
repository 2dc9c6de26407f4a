//! Why something cannot run here: a value, with what happened, why, and what to do about it.

use std::{fmt, io};

use aya::{EbpfError, programs::ProgramError};
use thiserror::Error;

use super::{
    btf::BtfError,
    host::{self, Capability},
    offsets::OffsetError,
};
use crate::plan::Backend;

/// Why a backend, or anything at all, cannot run on this host.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The kernel shows no BTF.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The kernel's structs are not as the programs need them.
    #[error(transparent)]
    Offsets(#[from] OffsetError),
    /// Capabilities are missing.
    #[error("{action} needs {}", Capability::list(missing))]
    Capabilities {
        /// What was tried.
        action: &'static str,
        /// What is missing.
        missing: Vec<Capability>,
    },
    /// Everything the capabilities allow was there, and the kernel said no.
    #[error("the kernel refused to {action}: {error}{}", because(*.hint))]
    Kernel {
        /// What was tried.
        action: String,
        /// The system call's error.
        error: io::Error,
        /// What the verifier said, for `-v`.
        verifier: String,
        /// A likely reason, read from the host's settings.
        hint: Option<&'static str>,
    },
    /// The kernel has no such function to hook.
    #[error("this kernel has no function {0} to hook")]
    NoFunction(&'static str),
    /// The function has an unknown shape.
    #[error("this kernel's {0} takes {1} arguments, which is none of the known shapes")]
    Shape(&'static str, usize),
    /// Something that the backend needs from the host is not there.
    #[error("{0}")]
    Host(String),
}

/// No backend attached: what each of those that were tried said.
#[derive(Debug)]
pub struct Refused(Vec<(Option<Backend>, Refusal)>);

impl Refused {
    /// One reason that holds for every backend.
    pub(super) fn all(refusal: Refusal) -> Self {
        Self(vec![(None, refusal)])
    }

    /// A reason for each backend, in the order of trying.
    pub(super) fn each(refusals: Vec<(Backend, Refusal)>) -> Self {
        Self(refusals.into_iter().map(|(backend, refusal)| (Some(backend), refusal)).collect())
    }

    /// The reason to show first: that of the last backend, which asks for the least.
    #[must_use]
    pub fn decisive(&self) -> Option<&Refusal> {
        self.0.last().map(|(_, refusal)| refusal)
    }

    /// Every reason, a line each, with what the verifier said, for `-v`.
    pub fn details(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(backend, refusal)| {
            let backend = backend.map_or_else(String::new, |backend| format!("{backend}: "));
            format!("{backend}{}", refusal.detail())
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.last() {
            Some((Some(backend), refusal)) => write!(f, "cannot trace with the {backend} backend: {refusal}"),
            Some((None, refusal)) => write!(f, "cannot trace: {refusal}"),
            None => f.write_str("cannot trace: no backend to try"),
        }
    }
}

impl std::error::Error for Refused {}

fn because(hint: Option<&'static str>) -> String {
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

impl Refusal {
    /// What to do about it, ending with a command to paste where there is one.
    #[must_use]
    pub fn remedy(&self, command: &str) -> String {
        match self {
            Self::Capabilities { missing, .. } => Capability::remedy(missing, command),
            Self::Btf(_) => "a kernel with CONFIG_DEBUG_INFO_BTF=y is needed, as distributions have built since 2020: \
                 grep BTF /boot/config-$(uname -r)"
                .to_owned(),
            Self::Kernel { verifier, .. } if !verifier.is_empty() => {
                format!("see what the verifier says: sudo {command} -v")
            }
            Self::Kernel { .. } | Self::Offsets(_) | Self::NoFunction(_) | Self::Shape(..) | Self::Host(_) => {
                "see what this host allows: sudo sockwhy doctor".to_owned()
            }
        }
    }

    /// What happened, with what the verifier said, for `-v`.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Kernel { verifier, .. } if !verifier.is_empty() => format!("{self}\n{verifier}"),
            _ => self.to_string(),
        }
    }

    /// What loading the object as a whole gave.
    pub(super) fn object(error: &EbpfError) -> Self {
        Self::from_source("create BPF maps", error)
    }

    /// What loading or attaching one program gave.
    pub(super) fn program(action: impl fmt::Display, error: &ProgramError) -> Self {
        let verifier = match error {
            ProgramError::LoadError { verifier_log, .. } => verifier_log.to_string(),
            _ => String::new(),
        };
        match Self::from_source(&action.to_string(), error) {
            Self::Kernel { action, error, hint, .. } => Self::Kernel { action, error, verifier, hint },
            other => other,
        }
    }

    fn from_source(action: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let errno = errno(error);
        if matches!(errno, Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS)) {
            let missing = Capability::missing(&[Capability::Bpf, Capability::Perfmon]);
            if !missing.is_empty() {
                return Self::Capabilities { action: "loading BPF programs", missing };
            }
        }
        let error = errno.map_or_else(|| io::Error::other(error.to_string()), io::Error::from);
        Self::Kernel { action: action.to_owned(), error, verifier: String::new(), hint: host::hint() }
    }
}

/// The system call's error at the bottom of a chain.
fn errno(error: &(dyn std::error::Error + 'static)) -> Option<rustix::io::Errno> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<io::Error>().and_then(rustix::io::Errno::from_io_error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
