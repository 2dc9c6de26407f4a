//! What the tracepoint backend does with depends on the host: each way to give it less (or more) than this host has.

use std::path::PathBuf;

use crate::{enter::Enter, host};

/// A name, and where sockwhy is to run.
pub(crate) type Variant = (&'static str, Enter);

/// tracefs, and debugfs, which has it as well.
fn tracing() -> Vec<PathBuf> {
    ["/sys/kernel/tracing", "/sys/kernel/debug"].map(PathBuf::from).into()
}

/// Where accepts come from the tracepoints of the two system calls.
pub(crate) fn with_tracefs() -> Variant {
    ("with tracefs", Enter { tracefs: Some("/sys/kernel/tracing".into()), ..Enter::default() })
}

/// Where accepts come from the exit of every system call.
pub(crate) fn without_tracefs() -> Variant {
    ("without tracefs", Enter { hide: tracing(), ..Enter::default() })
}

/// Where connects come from changes of state.
pub(crate) fn without_cgroup2() -> Variant {
    ("without cgroup v2", Enter { hide: host::cgroup2().into_iter().collect(), ..Enter::default() })
}

/// Both.
pub(crate) fn without_either() -> Variant {
    let hide = tracing().into_iter().chain(host::cgroup2()).collect();
    ("without tracefs and cgroup v2", Enter { hide, ..Enter::default() })
}
