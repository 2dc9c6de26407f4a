//! The backends of sockwhy, and what each is known not to see or not to say.

use std::str::FromStr;
use std::{env, fmt};

use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::trace::Trace;

/// A way in which sockwhy hooks into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Fentry,
    Kprobe,
    Tracepoint,
}

impl Backend {
    /// In the order in which `--backend auto` prefers them.
    pub(crate) const ALL: [Self; 3] = [Self::Fentry, Self::Kprobe, Self::Tracepoint];

    /// Those that the user names in `SOCKWHY_BACKEND`, or else every one that this kernel has.
    pub(crate) fn under_test() -> Vec<Self> {
        match env::var("SOCKWHY_BACKEND") {
            Ok(name) => vec![name.parse().expect("SOCKWHY_BACKEND names a backend")],
            Err(_) => Self::ALL.into_iter().filter(|backend| backend.is_available()).collect(),
        }
    }

    /// Whether it is to be found on this machine: `SOCKWHY_EXPECT` is `no` where the kernel is known not to have it.
    pub(crate) fn is_expected() -> bool {
        env::var_os("SOCKWHY_EXPECT").is_none_or(|expected| expected != "no")
    }

    /// Whether it starts.
    pub(crate) fn is_available(self) -> bool {
        Trace::new(self).start().is_ok()
    }

    /// Whether it sees accepts that `io_uring` does; the system calls' exits do not.
    pub(crate) fn sees_uring_accept(self) -> bool {
        self != Self::Tracepoint
    }

    /// Whether it tells the cookie of a socket that nobody has asked for it yet. kprobes may not ask at all, tracing
    /// programs from 5.12 on.
    pub(crate) fn tells_cookie(self) -> bool {
        match self {
            Self::Fentry => host::kernel() >= (5, 12),
            Self::Kprobe => false,
            Self::Tracepoint => true,
        }
    }

    /// Whether it always knows the listener of an accept (but for those in which a thread was blocked already).
    pub(crate) fn knows_listener(self) -> bool {
        self != Self::Kprobe
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
        })
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|backend| backend.to_string() == name).ok_or_else(|| format!("no backend {name}"))
    }
}

/// A backend that this kernel is known not to have says so instead of tracing.
pub(crate) fn refuses(backend: Backend) -> Outcome {
    let Err(refusal) = Trace::new(backend).start() else {
        return Err(Stop::failed(format!("{backend} runs here, though it is not expected to")));
    };
    assert_eq!(refusal.code, Some(3), "{refusal}");
    assert!(refusal.stderr.contains(&backend.to_string()), "{refusal}");
    Ok(())
}
