//! The guests that `cargo xtask vm` can boot: a kernel each, and how it is booted.

use anyhow::{Context, Result};

use self::Age::{Newest, Oldest, Stable};
use super::image::Version::{self, AtLeast, Series};

/// The backends of sockwhy, in the order in which they are tested.
pub(crate) const BACKENDS: [&str; 3] = ["fentry", "kprobe", "tracepoint"];

/// The programs with tests that know no backends.
pub(crate) const OTHER_TESTS: [&str; 2] = ["list", "runtimes"];

/// What is run in every guest: the acceptance tests once per backend, and the others.
pub(crate) const RUNS: [&str; 5] = [BACKENDS[0], BACKENDS[1], BACKENDS[2], OTHER_TESTS[0], OTHER_TESTS[1]];

/// One guest: a kernel and how it is booted.
pub(crate) struct Kernel {
    /// What the command line and the reports call it.
    pub(crate) name: &'static str,
    pub(crate) age: Age,
    pub(crate) version: Version,
    /// The Debian suites that may have it, in the order in which they are tried.
    pub(crate) suites: &'static [&'static str],
    /// What its command line says beyond what every guest's says.
    pub(crate) command_line: &'static str,
    /// The backends that must work there. The others must refuse: if a kernel can do
    /// more than this table says, the table is wrong.
    pub(crate) backends: &'static [&'static str],
    /// Whether it boots only where it is named.
    pub(crate) on_request: bool,
}

/// Debian stops serving old kernels, so a guest need not run while another of its age does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Age {
    /// Of Debian's old releases, at best the oldest that sockwhy supports.
    Oldest,
    /// Of Debian's stable release.
    Stable,
    /// Of no release yet.
    Newest,
}

/// Every guest. The last ones are the stable kernel, booted differently.
pub(crate) const KERNELS: &[Kernel] = &[
    Kernel { name: "5.10", age: Oldest, version: Series("5.10"), suites: &["bullseye"], ..STABLE },
    Kernel { name: "6.1", age: Oldest, version: Series("6.1"), suites: &["bookworm"], ..STABLE },
    STABLE,
    // The next release's kernel, before what is newer still.
    Kernel {
        name: "newest",
        age: Newest,
        version: AtLeast("7.2"),
        suites: &["forky", "sid", "trixie-backports"],
        ..STABLE
    },
    // No IPv6 at all: AF_INET6 sockets cannot be made.
    Kernel { name: "6.12-no-ipv6", command_line: "ipv6.disable=1", ..STABLE },
    // The second CPU exists and stays offline: per-CPU values are as many as the possible CPUs, not as the online ones.
    Kernel { name: "6.12-one-cpu", command_line: "maxcpus=1", ..STABLE },
    // The kernel preempts tasks everywhere, also inside programs of fentry, which then miss events of other tasks.
    Kernel { name: "6.12-preempt", command_line: "preempt=full", on_request: true, ..STABLE },
];

/// Debian's stable kernel as it is.
const STABLE: Kernel = Kernel {
    name: "6.12",
    age: Stable,
    version: Series("6.12"),
    suites: &["trixie", "bookworm-backports"],
    command_line: "",
    backends: &BACKENDS,
    on_request: false,
};

/// The guest of this name.
pub(crate) fn named(name: &str) -> Result<&'static Kernel> {
    KERNELS.iter().find(|kernel| kernel.name == name).with_context(|| format!("there is no guest {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_age_has_a_guest_that_boots_where_none_is_named() {
        for age in [Oldest, Stable, Newest] {
            assert!(KERNELS.iter().any(|kernel| kernel.age == age && !kernel.on_request), "{age:?}");
        }
    }

    #[test]
    fn names_are_unique_and_backends_known() {
        for (index, kernel) in KERNELS.iter().enumerate() {
            assert!(KERNELS.iter().skip(index + 1).all(|other| other.name != kernel.name), "{}", kernel.name);
            assert!(kernel.backends.iter().all(|backend| BACKENDS.contains(backend)), "{}", kernel.name);
        }
    }
}
