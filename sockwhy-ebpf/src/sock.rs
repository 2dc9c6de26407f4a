//! What the kernel keeps of a TCP socket.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::bpf_get_socket_cookie;
use bytemuck::Pod;
use sockwhy_common::{AF_INET, AF_INET6, Head, Opened, SOCK_COMMON_HEAD, UNKNOWN, flags};

use crate::emit::Skip;
use crate::filter::{self, config};
use crate::read::{KernelPtr, offset};

/// `IPPROTO_TCP`.
pub const TCP: u16 = 6;
/// `IPPROTO_MPTCP`.
const MPTCP: u16 = 262;

/// A TCP or MPTCP socket over IPv4 or IPv6: its `struct sock_common`, read in one go.
pub struct Sock {
    at: KernelPtr,
    protocol: u16,
    /// Written by `load`. The verifier refuses a program that reads it before.
    head: MaybeUninit<[u64; SOCK_COMMON_HEAD / 8]>,
}

/// How a TCP socket takes part in an MPTCP connection.
pub enum Role {
    /// Not at all.
    Plain,
    /// It is the first subflow of this application's socket.
    First(KernelPtr),
    /// It joins this application's socket's connection, which exists (RFC 8684 §3.2): no new connection.
    Join(KernelPtr),
}

impl Sock {
    /// The socket at `at`. Nothing of it is read yet.
    #[inline(always)]
    pub fn at(at: KernelPtr) -> Self {
        Self { at, protocol: 0, head: MaybeUninit::uninit() }
    }

    /// Reads it, if it is one of TCP or MPTCP. In place, as the 512 bytes of a BPF stack do not hold a second copy.
    #[inline(always)]
    pub fn load(&mut self) -> Result<(), Skip> {
        self.load_head().ok_or(Skip::Unreadable)?;
        if self.family() != AF_INET && self.family() != AF_INET6 {
            return Err(Skip::Unwanted);
        }
        self.protocol = protocol(self.at).ok_or(Skip::Unreadable)?;
        if self.protocol == TCP || self.protocol == MPTCP { Ok(()) } else { Err(Skip::Unwanted) }
    }

    /// Reads it, where it is known to be one of TCP. It can be the short form of a socket that is not established yet,
    /// or no longer: that has no more than the head.
    #[inline(always)]
    pub fn load_head(&mut self) -> Option<()> {
        // SAFETY: the place is in `self`.
        unsafe { self.at.read_into(0, self.head.as_mut_ptr()) }
    }

    /// The cookie, 0 where nobody has asked for it yet.
    #[inline(always)]
    pub fn cookie(&self) -> u64 {
        self.get(offset!(skc_cookie))
    }

    /// Whether the filters want its flow.
    #[inline(always)]
    pub fn is_wanted(&self) -> bool {
        filter::wants_flow(self.family(), self.local_port(), self.peer_port(), &self.peer_addr())
    }

    /// Writes the socket's part of an event that begins a connection.
    #[inline(always)]
    pub fn fill(&self, event: &mut Opened) -> Option<()> {
        let net: u64 = self.get(offset!(skc_net));
        event.netns = KernelPtr::new(net as *const u8)?.read(offset!(net_inum))?;
        self.fill_head(&mut event.head);
        Some(())
    }

    /// Writes the socket's part of an event's head, the cookie left out.
    #[inline(always)]
    pub fn fill_head(&self, head: &mut Head) {
        head.family = self.family();
        head.local_addr = self.local_addr();
        head.peer_addr = self.peer_addr();
        head.local_port = self.local_port();
        head.peer_port = self.peer_port();
        if self.is_v6only() {
            head.flags |= flags::V6ONLY;
        }
        if self.protocol == MPTCP {
            head.flags |= flags::MPTCP;
        }
    }

    /// Whether `IPV6_V6ONLY` is set.
    #[inline(always)]
    pub fn is_v6only(&self) -> bool {
        u32::from(self.get::<u8>(offset!(skc_ipv6only).byte)) & offset!(skc_ipv6only).mask != 0
    }

    /// The address family.
    #[inline(always)]
    pub fn family(&self) -> u16 {
        self.get(offset!(skc_family))
    }

    /// Host order. `skc_num` is 0 again once a connect has failed; `inet_sport` outlives it.
    #[inline(always)]
    pub fn local_port(&self) -> u16 {
        match self.get(offset!(skc_num)) {
            0 => self.at.read(offset!(inet_sport)).map_or(0, u16::from_be),
            port => port,
        }
    }

    /// Host order.
    #[inline(always)]
    pub fn peer_port(&self) -> u16 {
        u16::from_be(self.get(offset!(skc_dport)))
    }

    /// Its own address, in the sixteen-byte form of the records.
    #[inline(always)]
    pub fn local_addr(&self) -> [u8; 16] {
        self.address(offset!(skc_rcv_saddr), offset!(skc_v6_rcv_saddr))
    }

    /// The other end's address, likewise.
    #[inline(always)]
    pub fn peer_addr(&self) -> [u8; 16] {
        self.address(offset!(skc_daddr), offset!(skc_v6_daddr))
    }

    /// The family decides which field holds an address: the other is set as well, the IPv4 one of a native IPv6 socket
    /// to a constant (`LOOPBACK4_IPV6`).
    #[inline(always)]
    fn address(&self, v4: u32, v6: u32) -> [u8; 16] {
        if self.family() == AF_INET {
            mapped(self.get(v4))
        } else if v6 == UNKNOWN {
            [0; 16]
        } else {
            bytes(self.get(v6))
        }
    }

    /// Whether it is being restored, as CRIU does: `tcp_connect()` sends nothing then.
    #[inline(always)]
    pub fn is_in_repair(&self) -> Option<bool> {
        self.at.bit(offset!(repair))
    }

    /// The socket's part in an MPTCP connection; `mptcp_subflow_init()` has set it before the SYN is sent.
    #[inline(always)]
    pub fn role(&self) -> Option<Role> {
        let (is_mptcp, conn) = (offset!(is_mptcp), offset!(subflow_conn));
        if is_mptcp.byte == UNKNOWN || conn == UNKNOWN || !self.at.bit(is_mptcp)? {
            return Some(Role::Plain);
        }
        let Some(subflow) = self.at.follow(offset!(icsk_ulp_data)) else { return Some(Role::Plain) };
        let application = subflow.follow(conn)?;
        let joins = subflow.bit(offset!(request_join))? || subflow.bit(offset!(mp_join))?;
        Some(if joins { Role::Join(application) } else { Role::First(application) })
    }

    /// A member of `struct sock_common`.
    #[inline(always)]
    pub fn get<T: Pod>(&self, offset: u32) -> T {
        // SAFETY: userspace has checked that every member of sock_common that is read this way ends within
        // SOCK_COMMON_HEAD. The kernel's compiler has aligned it in the struct, which is aligned here as well. The
        // verifier checks both again. Every bit pattern is a valid `Pod`.
        unsafe { self.head.as_ptr().cast::<u8>().add(offset as usize).cast::<T>().read() }
    }
}

/// Writes what the event says about the listener that its socket came from. Its family is the socket's own:
/// `inet_reqsk_alloc()` and `sk_clone_lock()` copy it.
#[inline(always)]
pub fn fill_listener(listener: KernelPtr, event: &mut Opened) -> Option<()> {
    event.listener_addr = if event.head.family == AF_INET {
        mapped(listener.read(offset!(skc_rcv_saddr))?)
    } else {
        bytes(listener.read(offset!(skc_v6_rcv_saddr))?)
    };
    event.head.flags |= flags::LISTENER;
    if listener.bit(offset!(skc_ipv6only))? {
        event.head.flags |= flags::LISTENER_V6ONLY;
    }
    Some(())
}

/// The cookie that the socket has, or else the one that `ask` makes the kernel give it.
#[inline(always)]
pub fn known_or(cookie: u64, ask: impl FnOnce() -> u64) -> u64 {
    if cookie == 0 { ask() } else { cookie }
}

/// Asks the kernel for a socket's cookie, where tracing programs may (5.12 and later), else 0.
///
/// # Safety
/// `sk` is a hook's argument that the verifier knows as a `struct sock *`.
#[inline(always)]
pub unsafe fn trusted_cookie(sk: *const u8) -> u64 {
    if config!(cookie_helper) == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe { bpf_get_socket_cookie(sk.cast_mut().cast()) }
}

/// `IPPROTO_TCP`, or `IPPROTO_MPTCP` for the application's side of an MPTCP connection.
#[inline(always)]
pub fn protocol(sock: KernelPtr) -> Option<u16> {
    sock.read(offset!(sk_protocol))
}

/// The `struct inode` of an open file, if it is a socket.
#[inline(always)]
pub fn socket_inode(file: KernelPtr) -> Option<KernelPtr> {
    const S_IFMT: u16 = 0o170_000;
    const S_IFSOCK: u16 = 0o140_000;
    let inode = file.follow(offset!(f_inode))?;
    let mode: u16 = inode.read(offset!(i_mode))?;
    (mode & S_IFMT == S_IFSOCK).then_some(inode)
}

/// The IPv4-mapped form of an address in network order.
#[inline(always)]
fn mapped(address: u32) -> [u8; 16] {
    bytes([0, 0, u32::from_be(0xffff), address])
}

/// An address as the kernel keeps it, in words: whole ones are moved at once, single bytes one by one.
#[inline(always)]
fn bytes(address: [u32; 4]) -> [u8; 16] {
    bytemuck::cast(address)
}
