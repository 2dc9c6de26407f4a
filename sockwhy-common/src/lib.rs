//! What crosses between the BPF programs and userspace, and nothing else.
//!
//! Every type here is plain: `#[repr(C)]`, integers and byte arrays only. [`bytemuck::Pod`] is derived for each, which
//! checks that there is no padding. Both sides are built from this crate, and sizes and offsets are asserted beside each
//! type, so that the bytes one side writes are the bytes that the other reads. A field that can be unknown says which
//! value means so.
//!
//! - [`Opened`] and [`Outcome`] go up through the ring buffer.
//! - [`SocketRecord`] and [`OwnerRecord`] go up through the files of the iterators.
//! - [`Config`] and [`Offsets`] go down as read-only globals before the programs load; the verifier knows their values
//!   and drops every branch that they rule out.
//! - [`Lost`] indexes the counters of what could not be reported.
#![no_std]

mod config;
mod event;
mod lost;
mod offsets;
mod sockets;

pub use config::{CidrKey, Config, Filters, READER_ACTIVE, READER_IDLE, Watch, label_bit};
pub use event::{AF_INET, AF_INET6, Head, Kind, Opened, Outcome, flags};
pub use lost::Lost;
pub use offsets::{Bit, Offsets, SOCK_COMMON_HEAD, UNKNOWN};
pub use sockets::{NO_UID, OwnerRecord, SocketRecord, socket_flags};

/// Bytes in a process or thread name, the terminating NUL included (`TASK_COMM_LEN`).
pub const COMM_LEN: usize = 16;
