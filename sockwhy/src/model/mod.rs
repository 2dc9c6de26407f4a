//! What is known of sockets and events, and what it is called. Pure: no system call, nothing of BPF, no runtime.

mod backend;
pub mod cidr;
pub mod errno;
pub mod event;
mod family;
mod flows;
pub mod format;
mod label;
mod name;
pub mod network;
mod reason;
mod record;
mod remedy;
mod sanitize;
pub mod socket;

pub use self::backend::Backend;
pub use self::cidr::Cidr;
pub use self::family::Family;
pub use self::flows::Flows;
pub use self::label::Label;
pub use self::name::Name;
pub use self::remedy::Remedy;
pub(crate) use self::sanitize::{Sanitized, is_visible};
