//! This host: `/proc`, namespaces, capabilities, settings and cgroups. The one place that reads those. Nothing is
//! changed, but a thread may be moved into another namespace.

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
