//! This host: `/proc`, namespaces, capabilities, settings and cgroups. The one place that reads them. It
//! changes nothing, except that it moves threads into other namespaces and mounts tracefs in one of its own.

mod capability;
pub mod cgroup;
pub mod clock;
pub mod discovery;
pub mod foreign;
mod mounts;
pub mod netns;
pub mod owners;
pub mod pid;
mod process;
pub mod seccomp;
pub mod sysctl;
pub mod tracefs;
pub mod udp;

pub use self::capability::{Capability, Missing, in_user_namespace};
pub use self::netns::Namespace;
pub use self::pid::{NoProcess, check_process};
pub use self::process::{Process, own_descriptor};
