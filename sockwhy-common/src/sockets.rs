//! The sockets that exist, and who holds them: what the iterators write.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

use crate::COMM_LEN;

/// A TCP socket.
///
/// Addresses are sixteen bytes in network order. An `AF_INET` socket's stand in IPv4-mapped form (`::ffff:a.b.c.d`);
/// `family`, never the form of the address, tells the two kinds of socket apart.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SocketRecord {
    /// The socket's cookie; 0 where the kernel has none yet.
    pub cookie: u64,
    /// Inode number of its file, of an MPTCP subflow that of the application's socket; 0 where it has none.
    pub inode: u64,
    /// Its own address.
    pub local_addr: [u8; 16],
    /// The other end's address; zeros for a listener.
    pub peer_addr: [u8; 16],
    /// User id of its owner, in the initial user namespace; [`NO_UID`] in `TIME_WAIT`, when the kernel has forgotten it.
    pub uid: u32,
    /// `AF_INET` or `AF_INET6`.
    pub family: u16,
    /// Its own port, host order.
    pub local_port: u16,
    /// The other end's port, host order; 0 for a listener.
    pub peer_port: u16,
    /// `enum tcp_state`.
    pub state: u8,
    /// Bits of [`socket_flags`].
    pub flags: u8,
    /// Index of the network device that it is bound to (`sk_bound_dev_if`), as everything on a link-local address is; 0 for
    /// none.
    pub device: u32,
}

/// No user: `(uid_t)-1`, which Linux never gives to one.
pub const NO_UID: u32 = u32::MAX;

/// Bits of [`SocketRecord::flags`].
pub mod socket_flags {
    /// `IPV6_V6ONLY` is set (`skc_ipv6only`), or on the listener of a connection that is not established yet.
    pub const V6ONLY: u8 = 1 << 0;
    /// It is a subflow of an MPTCP socket.
    pub const MPTCP: u8 = 1 << 1;
    /// The connection came to a listener: a passive open (RFC 9293 §3.1). Neither of the two is set where nothing was opened, and
    /// in `TIME_WAIT`, when the kernel has forgotten it.
    pub const PASSIVE: u8 = 1 << 2;
    /// `connect()` made the connection: an active open.
    pub const ACTIVE: u8 = 1 << 3;
}

/// A socket among the descriptors of a process.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct OwnerRecord {
    /// Inode number of its file. The kernel counts them up, for pipes and sockets of all kinds alike, and has long
    /// forgotten a socket when the 32 bits of the counter come round to its number again.
    pub inode: u64,
    /// The process, as the PID namespace of sockwhy numbers it; 0 where that namespace cannot see it.
    pub pid: u32,
    /// The descriptor.
    pub fd: u32,
    /// Name of the process (its main thread's `comm`), NUL-terminated, any bytes.
    pub process: [u8; COMM_LEN],
}

const _: () = {
    assert!(size_of::<SocketRecord>() == 64);
    assert!(align_of::<SocketRecord>() == 8);
    assert!(offset_of!(SocketRecord, inode) == 8);
    assert!(offset_of!(SocketRecord, local_addr) == 16);
    assert!(offset_of!(SocketRecord, peer_addr) == 32);
    assert!(offset_of!(SocketRecord, uid) == 48);
    assert!(offset_of!(SocketRecord, family) == 52);
    assert!(offset_of!(SocketRecord, local_port) == 54);
    assert!(offset_of!(SocketRecord, peer_port) == 56);
    assert!(offset_of!(SocketRecord, state) == 58);
    assert!(offset_of!(SocketRecord, flags) == 59);
    assert!(offset_of!(SocketRecord, device) == 60);
    assert!(size_of::<OwnerRecord>() == 32);
    assert!(align_of::<OwnerRecord>() == 8);
    assert!(offset_of!(OwnerRecord, pid) == 8);
    assert!(offset_of!(OwnerRecord, fd) == 12);
    assert!(offset_of!(OwnerRecord, process) == 16);
};
