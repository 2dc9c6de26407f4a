//! The only part that knows aya: the kernel's types, the object, the hooks, the ring, the iterators.

mod arch;
mod attach;
pub mod btf;
mod cause;
pub mod hooks;
pub mod iterators;
mod log;
pub mod memlock;
mod misses;
mod object;
mod obstacle;
mod offsets;
mod ring;
mod tracer;
mod trial;

pub use self::cause::Cause;
pub use self::log::ProgramLog;
pub use self::misses::Misses;
pub use self::obstacle::{NoBackend, Obstacle, mount_cgroup};
pub use self::ring::Ring;
pub use self::tracer::Tracer;
pub use self::trial::Trial;
