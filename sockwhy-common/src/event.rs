//! One TCP flow, as the kernel saw it begin.

use core::mem::{align_of, offset_of, size_of};

use crate::COMM_LEN;

/// `AF_INET`, the same on every architecture.
pub const AF_INET: u16 = 2;
/// `AF_INET6`, the same on every architecture.
pub const AF_INET6: u16 = 10;

/// A connection made or accepted: the record in the ring buffer.
///
/// Addresses are sixteen bytes in network order. An `AF_INET` socket's stand in IPv4-mapped form (`::ffff:a.b.c.d`), as
/// the kernel itself writes them; `family`, never the form of the address, tells the two kinds of socket apart.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowEvent {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    pub time: u64,
    /// The socket's cookie; 0 where the kernel has none yet.
    pub cookie: u64,
    /// Id of the acting task's cgroup in the v2 hierarchy; 0 where it could not be read.
    pub cgroup_id: u64,
    /// The acting process, as the PID namespace of sockwhy numbers it; 0 where that namespace cannot see it.
    pub pid: u32,
    /// The acting thread, likewise.
    pub tid: u32,
    /// Real user id of the acting task, in the initial user namespace.
    pub uid: u32,
    /// Inode number of the socket's network namespace.
    pub netns: u32,
    /// The socket's own address.
    pub local_addr: [u8; 16],
    /// The other end's address.
    pub peer_addr: [u8; 16],
    /// The address that the listener is bound to, where [`flags::LISTENER`] is set.
    pub listener_addr: [u8; 16],
    /// Name of the process (its main thread's `comm`), NUL-terminated, any bytes.
    pub process: [u8; COMM_LEN],
    /// Name of the acting thread, likewise.
    pub thread: [u8; COMM_LEN],
    /// The socket's address family: [`AF_INET`] or [`AF_INET6`].
    pub family: u16,
    /// The socket's own port, host order.
    pub local_port: u16,
    /// The other end's port, host order.
    pub peer_port: u16,
    /// [`Kind`] as a number.
    pub kind: u8,
    /// Bits of [`flags`].
    pub flags: u8,
}

impl FlowEvent {
    /// An event of which nothing is known but what happened.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            time: 0,
            cookie: 0,
            cgroup_id: 0,
            pid: 0,
            tid: 0,
            uid: 0,
            netns: 0,
            local_addr: [0; 16],
            peer_addr: [0; 16],
            listener_addr: [0; 16],
            process: [0; COMM_LEN],
            thread: [0; COMM_LEN],
            family: 0,
            local_port: 0,
            peer_port: 0,
            kind: kind as u8,
            flags: 0,
        }
    }
}

const _: () = {
    assert!(size_of::<FlowEvent>() == 128);
    assert!(align_of::<FlowEvent>() == 8);
    assert!(offset_of!(FlowEvent, pid) == 24);
    assert!(offset_of!(FlowEvent, local_addr) == 40);
    assert!(offset_of!(FlowEvent, process) == 88);
    assert!(offset_of!(FlowEvent, family) == 120);
    assert!(offset_of!(FlowEvent, flags) == 127);
};

/// What happened.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A SYN is being sent.
    Connect = 1,
    /// A connection was handed to the process that accepted it.
    Accept = 2,
}

/// Bits of [`FlowEvent::flags`].
pub mod flags {
    /// `IPV6_V6ONLY` is set on the socket (`skc_ipv6only`).
    pub const V6ONLY: u8 = 1 << 0;
    /// The application's socket is an MPTCP socket.
    pub const MPTCP: u8 = 1 << 1;
    /// The hook knew the listener: `listener_addr` and [`LISTENER_V6ONLY`] hold.
    pub const LISTENER: u8 = 1 << 2;
    /// `IPV6_V6ONLY` is set on the listener.
    pub const LISTENER_V6ONLY: u8 = 1 << 3;
}

/// Why an event that should have been reported was not: the index of its counter.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The ring buffer was full.
    RingFull = 0,
    /// The map of connects that have not sent their SYN yet was full.
    PendingFull = 1,
    /// A field that the event cannot do without could not be read.
    Unreadable = 2,
}

impl Lost {
    /// Every reason, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::RingFull, Self::PendingFull, Self::Unreadable];
}
