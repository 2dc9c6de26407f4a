//! What a process was written in, what of its settings decides about families, and what would change them.
//!
//! [`RUNTIMES`] is all the knowledge there is, one entry for each runtime: how to know it, what helps, and what people try
//! that does not. The socket is the truth; this only names the remedy.

mod elf;
mod hsperf;
mod identity;
mod jvm;
mod kinds;
mod settings;
mod table;
mod words;

pub use self::identity::Identity;
pub use self::kinds::{Aim, Becomes, Remedy, Role, Runtime, Scope, Sign, Tier, V6only};
pub use self::settings::Setting;
pub use self::table::{ANY, RUNTIMES, SYSTEMD_SOCKET};
