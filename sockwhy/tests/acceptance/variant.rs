//! The tracepoint backend has several ways to hook. Here is a host for each of them.

use std::path::PathBuf;

use rustix::thread::CapabilitySet;

use crate::enter::Enter;
use crate::flow::{Flow, Kind};
use crate::host;

/// A host that offers more or less than this one.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// Where sockwhy is to run.
    pub(crate) enter: Enter,
    /// Whether the tracepoints of the accept system calls work. Otherwise the exit of every system call is used.
    pub(crate) tracefs: bool,
    /// Whether `sock_ops` works. Otherwise changes of state are used.
    pub(crate) cgroup2: bool,
}

impl Variant {
    pub(crate) fn all() -> [Self; 6] {
        [
            Self::with_tracefs(),
            Self::with_tracefs_unmounted(),
            Self::in_a_chroot(),
            Self::without_tracefs(),
            Self::without_cgroup2(),
            Self::without_either(),
        ]
    }

    pub(crate) fn with_tracefs() -> Self {
        let enter = Enter { tracefs: Some("/sys/kernel/tracing".into()), ..Enter::default() };
        Self { name: "with tracefs", enter, tracefs: true, cgroup2: host::cgroup2().is_some() }
    }

    /// Root can mount it.
    pub(crate) fn with_tracefs_unmounted() -> Self {
        let enter = Enter { hide: tracing(), ..Enter::default() };
        Self { name: "with tracefs unmounted", enter, tracefs: true, cgroup2: host::cgroup2().is_some() }
    }

    /// Likewise where the root is no mount.
    pub(crate) fn in_a_chroot() -> Self {
        let enter = Enter { hide: tracing(), chroot: true, ..Enter::default() };
        Self { name: "in a chroot", enter, ..Self::with_tracefs_unmounted() }
    }

    pub(crate) fn without_tracefs() -> Self {
        let enter = Enter { hide: tracing(), capabilities: Some(NO_MOUNTS), ..Enter::default() };
        Self { name: "without tracefs", enter, tracefs: false, cgroup2: host::cgroup2().is_some() }
    }

    pub(crate) fn without_cgroup2() -> Self {
        let hide = host::cgroup2().into_iter().collect();
        let enter = Enter { hide, tracefs: Some("/sys/kernel/tracing".into()), ..Enter::default() };
        Self { name: "without cgroup v2", enter, tracefs: true, cgroup2: false }
    }

    pub(crate) fn without_either() -> Self {
        let hide = tracing().into_iter().chain(host::cgroup2()).collect();
        let enter = Enter { hide, capabilities: Some(NO_MOUNTS), ..Enter::default() };
        Self { name: "without tracefs and cgroup v2", enter, tracefs: false, cgroup2: false }
    }
}

/// What sockwhy can know without `sock_ops`. The exit of accept cannot make the kernel assign a cookie. Changes of
/// state can from 5.12 on.
pub(crate) fn without_sock_ops(flows: Vec<Flow>) -> Vec<Flow> {
    let cookie_unknown = |flow: &Flow| flow.kind == Kind::Accept || host::kernel() < (5, 12);
    flows.into_iter().map(|flow| Flow { cookie_unknown: cookie_unknown(&flow), ..flow }).collect()
}

/// All capabilities that tracing needs, except the one for mounting.
const NO_MOUNTS: u64 = CapabilitySet::BPF.union(CapabilitySet::PERFMON).union(CapabilitySet::NET_ADMIN).bits();

/// Where tracefs is; debugfs has it as well.
fn tracing() -> Vec<PathBuf> {
    ["/sys/kernel/tracing", "/sys/kernel/debug"].map(PathBuf::from).into()
}
