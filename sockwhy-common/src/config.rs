//! What userspace tells the BPF programs before they load.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

/// The plan of one run, as far as the kernel can carry it out.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Config {
    /// Inode number of the PID namespace that sockwhy runs in: PIDs are reported as it numbers them.
    pub pid_namespace: u32,
    /// Non-zero where that is known to be the initial one.
    pub initial_pid_namespace: u32,
    /// The event that crosses a multiple of this many bytes wakes the reader at once; a power of two.
    pub wake_at: u32,
    /// Non-zero where tracing programs may call `bpf_get_socket_cookie` (5.12 and later).
    pub cookie_helper: u32,
    /// Non-zero where they may call `bpf_task_pt_regs` (5.15 and later).
    pub registers_helper: u32,
    /// Non-zero where there is `bpf_sock_from_file` (5.11 and later).
    pub file_helper: u32,
    /// Which filters are on.
    pub filters: Filters,
}

/// Which filters are on. One that is off costs nothing: the verifier removes its branch.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Filters {
    /// Labels to report: bits of [`label_bit`].
    pub labels: u8,
    /// Non-zero: the process must be in the map `FILTER_PID`.
    pub pid: u8,
    /// Non-zero: the user must be in the map `FILTER_UID`.
    pub uid: u8,
    /// Non-zero: one of the two ports must be in the map `FILTER_PORT`.
    pub port: u8,
    /// Non-zero: the peer must match in the trie `FILTER_NET`.
    pub net: u8,
    /// Non-zero: the process's name must be in the map `FILTER_COMM`.
    pub comm: u8,
    /// Keeps the struct free of padding.
    pub reserved: [u8; 2],
}

impl Default for Filters {
    fn default() -> Self {
        Self { labels: label_bit::ALL, pid: 0, uid: 0, port: 0, net: 0, comm: 0, reserved: [0; 2] }
    }
}

/// The labels of a flow, as bits of [`Filters::labels`].
pub mod label_bit {
    /// An `AF_INET` socket.
    pub const IPV4: u8 = 1 << 0;
    /// An `AF_INET6` socket whose peer is an IPv6 address.
    pub const IPV6: u8 = 1 << 1;
    /// An `AF_INET6` socket whose peer is IPv4-mapped.
    pub const IPV4_OVER_AF_INET6: u8 = 1 << 2;
    /// No label is left out.
    pub const ALL: u8 = IPV4 | IPV6 | IPV4_OVER_AF_INET6;
}

/// Key of the trie `FILTER_NET`: an address in the sixteen-byte form of [`crate::Head`]. The value is 1 where flows of that
/// network are wanted, 0 where they are carved out of a wider one.
pub type CidrKey = [u8; 16];

/// Value of the map `READER` while the reader looks at the ring by itself every few milliseconds.
pub const READER_ACTIVE: u32 = 0;
/// Value of the map `READER` while the reader sleeps until it is woken.
pub const READER_IDLE: u32 = 1;

const _: () = {
    assert!(size_of::<Filters>() == 8);
    assert!(offset_of!(Filters, pid) == 1);
    assert!(offset_of!(Filters, uid) == 2);
    assert!(offset_of!(Filters, port) == 3);
    assert!(offset_of!(Filters, net) == 4);
    assert!(offset_of!(Filters, comm) == 5);
    assert!(size_of::<Config>() == 32);
    assert!(align_of::<Config>() == 4);
    assert!(offset_of!(Config, initial_pid_namespace) == 4);
    assert!(offset_of!(Config, wake_at) == 8);
    assert!(offset_of!(Config, cookie_helper) == 12);
    assert!(offset_of!(Config, registers_helper) == 16);
    assert!(offset_of!(Config, file_helper) == 20);
    assert!(offset_of!(Config, filters) == 24);
};
