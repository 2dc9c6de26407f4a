//! What a process was written in or is, what of its settings decides about families, and what would change them.
//!
//! [`runtimes`] is all the knowledge there is, one entry for each: how to know it, what helps, and what people try that
//! does not. The socket is the truth; this only names the remedy.

mod elf;
mod hsperf;
mod identity;
mod jvm;
mod kinds;
mod programs;
mod remedy;
mod settings;
mod sign;
mod sysctl;
mod words;

pub use self::identity::Identity;
pub use self::kinds::{Becomes, Runtime, Tier, V6only};
pub use self::programs::{ANY, SYSTEMD_SOCKET, runtimes};
pub use self::remedy::{Aim, Remedy, Role, Scope, ipv4_only, ipv6_only, listen, pair};
pub use self::settings::Setting;
pub use self::sign::Sign;
