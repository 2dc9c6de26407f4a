//! The ways in which the programs are attached.

use std::fmt;

/// How the kernel's programs are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Trampolines at the functions' entries and exits.
    Fentry,
    /// Breakpoints at the functions' entries.
    Kprobe,
    /// Tracepoints and, for connects, `sock_ops`.
    Tracepoint,
}

impl Backend {
    /// Every one, in the order in which `auto` tries them.
    pub const ALL: [Self; 3] = [Self::Fentry, Self::Kprobe, Self::Tracepoint];

    /// The backend's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
