//! Where the running kernel keeps what the programs read.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

/// The offset of a member that this kernel does not have.
pub const UNKNOWN: u32 = u32::MAX;

/// Bytes of `struct sock_common` that the programs read in one go: every `skc_` member below ends within them.
pub const SOCK_COMMON_HEAD: usize = 128;

/// A single bit of a kernel struct: a bit-field one bit wide, or the low bit of a `bool`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Bit {
    /// Offset of the byte that holds it, or [`UNKNOWN`].
    pub byte: u32,
    /// The bit within that byte.
    pub mask: u32,
}

macro_rules! offsets {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $unknown:expr;)*) => {
        /// Byte offsets of kernel struct members, resolved from the running kernel's BTF. Each is named for its member
        /// and relative to the start of the struct named in its comment.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
        pub struct Offsets {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl Offsets {
            /// Nothing resolved yet.
            pub const UNRESOLVED: Self = Self { $($name: $unknown,)* };
        }
    };
}

const NO_BIT: Bit = Bit { byte: UNKNOWN, mask: 0 };

offsets! {
    /// `struct sock_common`: `__be32`, the IPv4 peer.
    skc_daddr: u32 = UNKNOWN;
    /// `struct sock_common`: `__be32`, the IPv4 local address.
    skc_rcv_saddr: u32 = UNKNOWN;
    /// `struct sock_common`: `__be16`, the peer's port.
    skc_dport: u32 = UNKNOWN;
    /// `struct sock_common`: `u16`, the local port, host order.
    skc_num: u32 = UNKNOWN;
    /// `struct sock_common`: `unsigned short`, the address family.
    skc_family: u32 = UNKNOWN;
    /// `struct sock_common`: the bit of `IPV6_V6ONLY`.
    skc_ipv6only: Bit = NO_BIT;
    /// `struct sock_common`: `struct net *` within `possible_net_t`.
    skc_net: u32 = UNKNOWN;
    /// `struct sock_common`: `struct in6_addr`, the peer. Absent without `CONFIG_IPV6`.
    skc_v6_daddr: u32 = UNKNOWN;
    /// `struct sock_common`: `struct in6_addr`, the local address. Absent without `CONFIG_IPV6`.
    skc_v6_rcv_saddr: u32 = UNKNOWN;
    /// `struct sock_common`: `atomic64_t`, 0 until somebody asks for the cookie.
    skc_cookie: u32 = UNKNOWN;
    /// `struct sock`: `u16`, `IPPROTO_TCP` or `IPPROTO_MPTCP`.
    sk_protocol: u32 = UNKNOWN;
    /// `struct inet_sock`: `__be16`, the local port; outlives `skc_num` when a connect fails.
    inet_sport: u32 = UNKNOWN;
    /// `struct net`: `unsigned int`, the namespace's inode number.
    net_inum: u32 = UNKNOWN;

    /// `struct tcp_sock`: whether it is a subflow of an MPTCP socket. Absent without `CONFIG_MPTCP`.
    is_mptcp: Bit = NO_BIT;
    /// `struct tcp_sock`: whether `TCP_REPAIR` is on.
    repair: Bit = NO_BIT;
    /// `struct tcp_sock`: `u32`, segments sent.
    segs_out: u32 = UNKNOWN;
    /// `struct inet_connection_sock`: `void *`, a subflow's `struct mptcp_subflow_context`.
    icsk_ulp_data: u32 = UNKNOWN;
    /// `struct mptcp_subflow_context`: the subflow joins a connection that exists. Absent without `CONFIG_MPTCP`.
    request_join: Bit = NO_BIT;
    /// `struct mptcp_subflow_context`: `struct sock *`, the application's socket. Absent without `CONFIG_MPTCP`.
    subflow_conn: u32 = UNKNOWN;

    /// `struct socket`: `struct sock *`.
    socket_sk: u32 = UNKNOWN;
    /// `struct file`: `void *`, a socket's `struct socket`.
    private_data: u32 = UNKNOWN;
    /// `struct file`: `struct inode *`.
    f_inode: u32 = UNKNOWN;
    /// `struct inode`: `umode_t`.
    i_mode: u32 = UNKNOWN;
    /// `struct files_struct`: `struct fdtable *`.
    fdt: u32 = UNKNOWN;
    /// `struct fdtable`: `unsigned int`.
    max_fds: u32 = UNKNOWN;
    /// `struct fdtable`: `struct file **`.
    fd: u32 = UNKNOWN;

    /// `struct task_struct`: `struct task_struct *`, the process's main thread.
    group_leader: u32 = UNKNOWN;
    /// `struct task_struct`: `pid_t`, the thread's number in the initial PID namespace.
    task_pid: u32 = UNKNOWN;
    /// `struct task_struct`: `pid_t`, the process's number there.
    task_tgid: u32 = UNKNOWN;
    /// `struct task_struct`: `struct pid *`.
    thread_pid: u32 = UNKNOWN;
    /// `struct task_struct`: `char[16]`.
    comm: u32 = UNKNOWN;
    /// `struct task_struct`: `struct files_struct *`.
    files: u32 = UNKNOWN;
    /// `struct task_struct`: `const struct cred *`, the subjective one.
    cred: u32 = UNKNOWN;
    /// `struct task_struct`: `struct css_set *`.
    cgroups: u32 = UNKNOWN;
    /// `struct cred`: `uid_t`, the real user.
    cred_uid: u32 = UNKNOWN;
    /// `struct css_set`: `struct cgroup *`, in the v2 hierarchy.
    dfl_cgrp: u32 = UNKNOWN;
    /// `struct cgroup`: `struct kernfs_node *`.
    cgroup_kn: u32 = UNKNOWN;
    /// `struct kernfs_node`: `u64`, what `bpf_get_current_cgroup_id` returns.
    kn_id: u32 = UNKNOWN;

    /// `struct pid`: `unsigned int`, the depth of its namespace.
    pid_level: u32 = UNKNOWN;
    /// `struct pid`: `struct upid[]`, one for each namespace from the initial one down.
    pid_numbers: u32 = UNKNOWN;
    /// `sizeof(struct upid)`.
    upid_size: u32 = UNKNOWN;
    /// `struct upid`: `int`.
    upid_nr: u32 = UNKNOWN;
    /// `struct upid`: `struct pid_namespace *`.
    upid_ns: u32 = UNKNOWN;
    /// `struct pid_namespace`: `unsigned int`, the namespace's inode number.
    pidns_inum: u32 = UNKNOWN;

    /// `struct bpf_sock_ops_kern`: `struct sock *`.
    sock_ops_sk: u32 = UNKNOWN;
    /// `struct sk_buff`: `struct sock *`.
    skb_sk: u32 = UNKNOWN;
    /// `struct pt_regs`: `unsigned long`, the first argument of a system call, as it still stands at its exit.
    regs_arg0: u32 = UNKNOWN;
    /// `struct pt_regs`: `unsigned long`, the number of the system call.
    regs_syscall: u32 = UNKNOWN;
    /// `struct task_struct`: `u32`, the architecture's thread status, which marks 32-bit system calls.
    thread_status: u32 = UNKNOWN;

    /// `struct sock_common`: `unsigned char`, `enum tcp_state`.
    skc_state: u32 = UNKNOWN;
    /// `struct sock_common`: `struct sock *`, the listener of a connection that is not established yet.
    skc_listener: u32 = UNKNOWN;
    /// `struct sock`: `kuid_t`, the owner.
    sk_uid: u32 = UNKNOWN;
    /// `struct sock`: `u64`, the inode number of its file, 0 where it has none. Only in newer kernels (6.18).
    sk_ino: u32 = UNKNOWN;
    /// `struct sock`: `struct socket *`, null where no file leads to it.
    sk_socket: u32 = UNKNOWN;
    /// `struct sock_common`: `int`, the index of the network device that it is bound to.
    skc_bound_dev_if: u32 = UNKNOWN;
    /// `struct inet_sock`: `int`, the device for multicast, which TCP sets to the one that the first packet came by.
    mc_index: u32 = UNKNOWN;
    /// `struct inet_sock`: `struct ipv6_pinfo *`. Absent without `CONFIG_IPV6`.
    pinet6: u32 = UNKNOWN;
    /// `struct ipv6_pinfo`: `int`, like `mc_index` for IPv6. Absent without `CONFIG_IPV6`.
    mcast_oif: u32 = UNKNOWN;
    /// `struct inet_timewait_sock`: `unsigned char`, `TCP_TIME_WAIT` or `TCP_FIN_WAIT2`.
    tw_substate: u32 = UNKNOWN;
    /// `struct socket_alloc`: `unsigned long`, the inode number of the file, counted from the `struct socket`.
    socket_ino: u32 = UNKNOWN;
    /// `struct inode`: `unsigned long`, its number.
    i_ino: u32 = UNKNOWN;
}

const _: () = {
    assert!(size_of::<Bit>() == 8);
    assert!(offset_of!(Bit, mask) == 4);
    // Every member has its word, or its two, one after the other.
    assert!(size_of::<Offsets>() == offset_of!(Offsets, i_ino) + size_of::<u32>());
    // Words of 32 bits throughout: the largest type that both sides read it by.
    assert!(align_of::<Offsets>() == align_of::<u32>());
};
