//! What exists already: a record for each TCP socket, and one for each descriptor that is a TCP socket. The two meet in
//! userspace, by the inode number of the socket's file.
//!
//! The contexts are part of the kernel's interface to BPF and the same since the iterators came with Linux 5.8. What
//! their pointers lead to is not.

use core::mem::offset_of;
use core::ptr::addr_of;

use aya_ebpf::bindings::{file, seq_file};
use aya_ebpf::helpers::{bpf_seq_write, bpf_sock_from_file};
use sockwhy_common::{AF_INET6, NO_UID, OwnerRecord, SocketRecord, UNKNOWN, socket_flags};

use crate::filter::config;
use crate::read::{KernelPtr, offset};
use crate::sock::{Role, Sock, known_or, socket_inode, trusted_cookie};
use crate::task;

/// `enum tcp_state`, unchanged since Linux 4.4.
const TCP_TIME_WAIT: u8 = 6;
const TCP_CLOSE: u8 = 7;
const TCP_LISTEN: u8 = 10;
const TCP_NEW_SYN_RECV: u8 = 12;

/// `struct bpf_iter_meta`.
#[repr(C)]
pub struct Meta {
    seq: *mut seq_file,
    session_id: u64,
    seq_num: u64,
}

/// `struct bpf_iter__tcp`.
#[repr(C)]
pub struct TcpContext {
    meta: *const Meta,
    sk_common: *const u8,
    uid: u32,
}

/// `struct bpf_iter__task_file`.
#[repr(C)]
pub struct TaskFileContext {
    meta: *const Meta,
    task: *const u8,
    fd: u64,
    file: *mut file,
}

const _: () = {
    assert!(size_of::<Meta>() == 24);
    assert!(offset_of!(Meta, seq_num) == 16);
    assert!(offset_of!(TcpContext, sk_common) == 8);
    assert!(offset_of!(TcpContext, uid) == 16);
    assert!(offset_of!(TaskFileContext, task) == 8);
    assert!(offset_of!(TaskFileContext, fd) == 16);
    assert!(offset_of!(TaskFileContext, file) == 24);
};

/// One TCP socket of the network namespace, or null once all have been shown. What cannot be read is left out.
#[inline(always)]
pub fn socket(ctx: &TcpContext) {
    let sk = ctx.sk_common;
    let Some(at) = KernelPtr::new(sk) else { return };
    let mut sock = Sock::at(at);
    if sock.load_head().is_none() {
        return;
    }
    let mut record = SocketRecord {
        // SAFETY: the verifier knows `sk` as a trusted `struct sock_common *`.
        cookie: known_or(sock.cookie(), || unsafe { trusted_cookie(sk) }),
        inode: 0,
        local_addr: sock.local_addr(),
        peer_addr: sock.peer_addr(),
        uid: NO_UID,
        family: sock.family(),
        local_port: sock.local_port(),
        peer_port: sock.peer_port(),
        state: sock.get(offset!(skc_state)),
        flags: if sock.is_v6only() { socket_flags::V6ONLY } else { 0 },
        device: sock.get(offset!(skc_bound_dev_if)),
    };
    let filled = match record.state {
        TCP_TIME_WAIT => fill_time_wait(at, &mut record),
        TCP_NEW_SYN_RECV => fill_request(&sock, &mut record),
        _ => fill_full(at, &sock, &mut record),
    };
    if filled.is_some() {
        write(ctx.meta, &record);
    }
}

/// `struct inet_timewait_sock` stands for a socket that is closed. While the peer has not closed its side, its state is
/// FIN_WAIT2 to the rest of the world.
#[inline(always)]
fn fill_time_wait(at: KernelPtr, record: &mut SocketRecord) -> Option<()> {
    record.state = at.read(offset!(tw_substate))?;
    Some(())
}

/// `struct request_sock` stands for a connection that is being established. It is its listener's in everything; the
/// kernel leaves its option as it finds it in memory.
#[inline(always)]
fn fill_request(sock: &Sock, record: &mut SocketRecord) -> Option<()> {
    record.flags = socket_flags::PASSIVE;
    let listener: u64 = sock.get(offset!(skc_listener));
    // Without one it is about to go.
    let listener = KernelPtr::new(listener as *const u8)?;
    record.uid = listener.read(offset!(sk_uid))?;
    if listener.bit(offset!(skc_ipv6only))? {
        record.flags |= socket_flags::V6ONLY;
    }
    Some(())
}

#[inline(always)]
fn fill_full(at: KernelPtr, sock: &Sock, record: &mut SocketRecord) -> Option<()> {
    record.uid = at.read(offset!(sk_uid))?;
    match record.state {
        // A listener that was connected before has the peer of then.
        TCP_LISTEN => (record.peer_addr, record.peer_port) = ([0; 16], 0),
        TCP_CLOSE => {}
        _ if is_passive(at, record.family)? => record.flags |= socket_flags::PASSIVE,
        _ => record.flags |= socket_flags::ACTIVE,
    }
    let mut held = at;
    if let Some(Role::First(application) | Role::Join(application)) = sock.role() {
        record.flags |= socket_flags::MPTCP;
        held = application;
    }
    record.inode = inode(held)?;
    Some(())
}

/// Whether the connection came to a listener. The kernel notes the device that its first packet came by, of IPv4 in
/// `tcp_v4_syn_recv_sock()`, of IPv6 in `tcp_v6_syn_recv_sock()`, where `IP_MULTICAST_IF` and `IPV6_MULTICAST_IF` keep
/// theirs; these options are not for TCP sockets, so that `connect()` leaves zeros there.
#[inline(always)]
fn is_passive(at: KernelPtr, family: u16) -> Option<bool> {
    let device: u32 = at.read(offset!(mc_index))?;
    if device != 0 || family != AF_INET6 || offset!(pinet6) == UNKNOWN {
        return Some(device != 0);
    }
    let device: u32 = at.follow(offset!(pinet6))?.read(offset!(mcast_oif))?;
    Some(device != 0)
}

/// Inode number of the socket's file, 0 where it has none.
#[inline(always)]
fn inode(sock: KernelPtr) -> Option<u64> {
    if offset!(sk_ino) != UNKNOWN {
        return sock.read(offset!(sk_ino));
    }
    sock.follow(offset!(sk_socket)).map_or(Some(0), |socket| socket.read(offset!(socket_ino)))
}

/// One descriptor of a process, or null once all have been shown. Nearly all of a machine's are no sockets and are left
/// out first. Which sockets are TCP is left to userspace: to follow each to where it says so takes longer.
#[inline(always)]
pub fn descriptor(ctx: &TaskFileContext) {
    let file = ctx.file;
    let Some(task) = KernelPtr::new(ctx.task) else { return };
    if file.is_null() {
        return;
    }
    let inode = if config!(file_helper) == 0 {
        KernelPtr::new(file).and_then(socket_inode).and_then(|inode| inode.read(offset!(i_ino)))
    } else {
        // SAFETY: the verifier knows `file` as a trusted `struct file *`.
        KernelPtr::new(unsafe { bpf_sock_from_file(file) }).and_then(|socket| socket.read(offset!(socket_ino)))
    };
    let Some(inode) = inode else { return };
    let Some(leader) = task.follow(offset!(group_leader)) else { return };
    let Some((pid, _)) = task::ids(task, leader) else { return };
    let Some(process) = leader.read(offset!(comm)) else { return };
    write(ctx.meta, &OwnerRecord { inode, pid, fd: ctx.fd as u32, process });
}

/// Writes a record to the iterator's file. Where it does not fit any more the kernel shows the object again in the next
/// read (`bpf_seq_read`).
#[inline(always)]
fn write<T>(meta: *const Meta, record: &T) {
    // SAFETY: `meta` is the context's, which the verifier knows as a trusted `struct bpf_iter_meta *`; `record` is valid
    // for its size.
    let _full = unsafe { bpf_seq_write(*addr_of!((*meta).seq), (&raw const *record).cast(), size_of::<T>() as u32) };
}
