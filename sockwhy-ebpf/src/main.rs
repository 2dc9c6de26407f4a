//! sockwhy's BPF programs: a table of contents.
//!
//! Each hook is one attribute and one call. Above it stand the kernel's prototype and the versions that it holds for.
//! What the hooks share lies below them: [`hooks`] know what one event is, [`task`] and [`sock`] what the kernel's structs
//! mean. [`read`] is the only place that reads kernel memory, [`emit`] the only one that writes to the ring. The iterators
//! share all but the ring: what exists already is no event. Which flows matter is for userspace to say ([`filter`]);
//! nothing here decides it.
#![no_std]
#![no_main]
// One instruction, in atomic.rs.
#![feature(asm_experimental_arch)]

mod arch;
mod atomic;
mod emit;
mod filter;
mod hooks;
mod read;
mod sock;
mod task;

use aya_ebpf::macros::{btf_tracepoint, fentry, fexit, kprobe, raw_tracepoint, sock_ops, tracepoint};
use aya_ebpf::programs::{
    BtfTracePointContext, FEntryContext, FExitContext, ProbeContext, RawTracePointContext, SockOpsContext,
    TracePointContext,
};

use crate::hooks::{accept, connect, iterators, outcome, pending};

// Backend "fentry": trampolines at the functions themselves.

/// `int tcp_connect(struct sock *sk)`; in every kernel that has trampolines.
#[fentry(function = "tcp_connect")]
pub fn fentry_tcp_connect(ctx: FEntryContext) -> i32 {
    connect::tcp_connect_entry(&ctx, ctx.arg(0));
    0
}

/// `struct sock *inet_csk_accept(struct sock *sk, int flags, int *err, bool kern)`; up to 6.9. The result is argument 4.
#[fexit(function = "inet_csk_accept")]
pub fn fexit_inet_csk_accept_4(ctx: FExitContext) -> i32 {
    accept::inet_csk_accept_exit(ctx.arg(0), ctx.arg(4));
    0
}

/// `struct sock *inet_csk_accept(struct sock *sk, struct proto_accept_arg *arg)`; since 6.10. The result is argument 2.
#[fexit(function = "inet_csk_accept")]
pub fn fexit_inet_csk_accept_2(ctx: FExitContext) -> i32 {
    accept::inet_csk_accept_exit(ctx.arg(0), ctx.arg(2));
    0
}

/// `void security_sock_graft(struct sock *sk, struct socket *parent)`; with `CONFIG_SECURITY_NETWORK`.
#[fentry(function = "security_sock_graft")]
pub fn fentry_security_sock_graft(ctx: FEntryContext) -> i32 {
    accept::security_sock_graft_entry(&ctx, ctx.arg(0));
    0
}

// Backend "kprobe": breakpoints at the same functions.

/// `int tcp_connect(struct sock *sk)`.
#[kprobe]
pub fn kprobe_tcp_connect(ctx: ProbeContext) -> u32 {
    if let Some(sk) = ctx.arg(0) {
        connect::tcp_connect_probe(&ctx, sk);
    }
    0
}

/// `void security_sock_graft(struct sock *sk, struct socket *parent)`; with `CONFIG_SECURITY_NETWORK`.
#[kprobe]
pub fn kprobe_security_sock_graft(ctx: ProbeContext) -> u32 {
    if let Some(sk) = ctx.arg(0) {
        accept::security_sock_graft_probe(&ctx, sk);
    }
    0
}

// Backend "tracepoint": where the kernel allows neither.

/// `BPF_SOCK_OPS_TCP_CONNECT_CB`, called from within `tcp_connect()` since 4.14; `BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB` and
/// `BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB`, since 4.14; `BPF_SOCK_OPS_STATE_CB` (the states before and after), since 4.16.
#[sock_ops]
pub fn sock_ops_connect(ctx: SockOpsContext) -> u32 {
    outcome::sock_ops(&ctx);
    1
}

/// `inet_sock_set_state(const struct sock *sk, const int oldstate, const int newstate)`; since 4.16.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn tp_inet_sock_set_state(ctx: BtfTracePointContext) -> i32 {
    pending::inet_sock_set_state(&ctx, ctx.arg(0), ctx.arg(1), ctx.arg(2));
    0
}

/// `net_dev_queue(struct sk_buff *skb)`; in every supported kernel.
#[btf_tracepoint(function = "net_dev_queue")]
pub fn tp_net_dev_queue(ctx: BtfTracePointContext) -> i32 {
    pending::net_dev_queue(&ctx, ctx.arg(0));
    0
}

/// `syscalls:sys_exit_accept`: `__syscall_nr` at 8, `long ret` at 16.
#[tracepoint(category = "syscalls", name = "sys_exit_accept")]
pub fn tp_sys_exit_accept(ctx: TracePointContext) -> u32 {
    accept::syscall_tracepoint(&ctx);
    0
}

/// `syscalls:sys_exit_accept4`: the same layout.
#[tracepoint(category = "syscalls", name = "sys_exit_accept4")]
pub fn tp_sys_exit_accept4(ctx: TracePointContext) -> u32 {
    accept::syscall_tracepoint(&ctx);
    0
}

/// `sys_exit(struct pt_regs *regs, long ret)`: every system call's, for hosts without tracefs.
#[raw_tracepoint(tracepoint = "sys_exit")]
pub fn tp_sys_exit(ctx: RawTracePointContext) -> i32 {
    accept::sys_exit(&ctx, ctx.arg(0), ctx.arg(1));
    0
}

// Iterators: what exists already, read from a file.

/// `int bpf_iter_tcp(struct bpf_iter_meta *meta, struct sock_common *sk_common, uid_t uid)`; since 5.8.
///
/// # Safety
/// The kernel calls it, with this context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/tcp")]
pub unsafe extern "C" fn iter_tcp(ctx: *const iterators::TcpContext) -> i32 {
    // SAFETY: as above; the verifier knows the context.
    iterators::socket(unsafe { &*ctx });
    0
}

/// `int bpf_iter_task_file(struct bpf_iter_meta *meta, struct task_struct *task, u32 fd, struct file *file)`; since 5.8.
///
/// # Safety
/// The kernel calls it, with this context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
pub unsafe extern "C" fn iter_task_file(ctx: *const iterators::TaskFileContext) -> i32 {
    // SAFETY: as above; the verifier knows the context.
    iterators::descriptor(unsafe { &*ctx });
    0
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Never reached: no code here can panic, or the verifier would refuse the endless loop.
    loop {}
}

/// GPL-compatible, as the tracing helpers demand.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
