//! What every event begins with.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

/// Which socket, and when.
///
/// Addresses are sixteen bytes in network order. Those of an `AF_INET` socket are in IPv4-mapped form (`::ffff:a.b.c.d`),
/// as the kernel itself writes them; `family`, never the form of the address, tells the two kinds of socket apart.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Head {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    pub time: u64,
    /// The socket's cookie; 0 where the kernel has none yet.
    pub cookie: u64,
    /// The socket's own address.
    pub local_addr: [u8; 16],
    /// The other end's address.
    pub peer_addr: [u8; 16],
    /// The socket's address family: [`super::AF_INET`] or [`super::AF_INET6`].
    pub family: u16,
    /// The socket's own port, host order.
    pub local_port: u16,
    /// The other end's port, host order.
    pub peer_port: u16,
    /// [`super::Kind`] as a number.
    pub kind: u8,
    /// Bits of [`flags`].
    pub flags: u8,
}

/// Bits of [`Head::flags`].
pub mod flags {
    /// `IPV6_V6ONLY` is set on the socket (`skc_ipv6only`).
    pub const V6ONLY: u8 = 1 << 0;
    /// The application's socket is an MPTCP socket.
    pub const MPTCP: u8 = 1 << 1;
    /// The hook knew the listener: [`super::super::Opened::listener_addr`] and [`LISTENER_V6ONLY`] hold.
    pub const LISTENER: u8 = 1 << 2;
    /// `IPV6_V6ONLY` is set on the listener.
    pub const LISTENER_V6ONLY: u8 = 1 << 3;
}

const _: () = {
    assert!(size_of::<Head>() == 56);
    assert!(align_of::<Head>() == 8);
    assert!(offset_of!(Head, cookie) == 8);
    assert!(offset_of!(Head, local_addr) == 16);
    assert!(offset_of!(Head, peer_addr) == 32);
    assert!(offset_of!(Head, family) == 48);
    assert!(offset_of!(Head, local_port) == 50);
    assert!(offset_of!(Head, peer_port) == 52);
    assert!(offset_of!(Head, kind) == 54);
    assert!(offset_of!(Head, flags) == 55);
};
