//! Connections made: one event for each attempt that sends a SYN, when it is sent, from the task that connects.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_TCP_CONNECT_CB};
use aya_ebpf::helpers::bpf_get_socket_cookie;
use aya_ebpf::programs::SockOpsContext;
use sockwhy_common::{Kind, Lost, Opened, flags};

use crate::emit::{self, Skip};
use crate::read::{KernelPtr, offset};
use crate::sock::{Role, Sock, known_or, trusted_cookie};
use crate::task::Caller;

/// fentry on `tcp_connect`: the tuple is complete, the SYN not yet sent, the caller's task running.
#[inline(always)]
pub fn tcp_connect_entry<C: EbpfContext>(ctx: &C, sk: *const u8) {
    // SAFETY: the verifier knows `sk` as a trusted `struct sock *`. Evaluated only where the kernel offers the helper.
    report(ctx, KernelPtr::new(sk), || unsafe { trusted_cookie(sk) });
}

/// kprobe on `tcp_connect`: the same, but kprobes may not ask for a cookie.
#[inline(always)]
pub fn tcp_connect_probe<C: EbpfContext>(ctx: &C, sk: *const u8) {
    report(ctx, KernelPtr::new(sk), || 0);
}

/// sock_ops on the root of cgroup v2: `tcp_connect()` calls it through `tcp_call_bpf()` before it builds the SYN.
#[inline(always)]
pub fn sock_ops(ctx: &SockOpsContext) {
    match ctx.op() {
        BPF_SOCK_OPS_TCP_CONNECT_CB => {
            // The program sees the context through a view that the verifier rewrites. In memory it is a
            // `struct bpf_sock_ops_kern`, which holds the socket.
            let sk = KernelPtr::new(ctx.as_ptr().cast_const()).and_then(|kern| kern.follow(offset!(sock_ops_sk)));
            // SAFETY: the helper takes the context of a sock_ops program.
            report(ctx, sk, || unsafe { bpf_get_socket_cookie(ctx.as_ptr()) });
        }
        // The exit of accept() may not ask for a cookie. Once somebody has asked, it can be read from the socket.
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB => {
            // SAFETY: as above.
            unsafe { bpf_get_socket_cookie(ctx.as_ptr()) };
        }
        _ => {}
    }
}

/// One event for the SYN that `sk` is about to send, from the running task.
#[inline(always)]
fn report<C: EbpfContext>(ctx: &C, sk: Option<KernelPtr>, cookie: impl FnOnce() -> u64) {
    let Some(sk) = sk else { return emit::lost(ctx, Lost::Unreadable) };
    match Caller::if_wanted() {
        Ok(caller) => send(ctx, sk, cookie, |event| caller.fill(event)),
        Err(skip) => emit::skip(ctx, Kind::Connect, &skip),
    }
}

/// Sends the event of `sk` connecting, if it is a new connection that the filters want.
#[inline(always)]
pub fn send<C: EbpfContext>(
    ctx: &C,
    sk: KernelPtr,
    cookie: impl FnOnce() -> u64,
    fill_caller: impl FnOnce(&mut Opened) -> Option<()>,
) {
    let mut sock = Sock::at(sk);
    if let Err(skip) = sock.load() {
        return emit::skip(ctx, Kind::Connect, &skip);
    }
    if !sock.is_wanted() {
        return emit::skip(ctx, Kind::Connect, &Skip::Unwanted);
    }
    match sock.is_in_repair() {
        Some(false) => {}
        Some(true) => return emit::skip(ctx, Kind::Connect, &Skip::Unwanted),
        None => return emit::lost(ctx, Lost::Unreadable),
    }
    let application = match sock.role() {
        Some(Role::Plain) => None,
        Some(Role::First(application)) => Some(application),
        Some(Role::Join(_)) => return emit::skip(ctx, Kind::Connect, &Skip::Unwanted),
        None => return emit::lost(ctx, Lost::Unreadable),
    };
    emit::event(ctx, Kind::Connect, |event: &mut Opened| {
        fill_caller(event)?;
        sock.fill(event)?;
        if let Some(application) = application {
            event.head.flags |= flags::MPTCP;
            event.head.cookie = application.read(offset!(skc_cookie))?;
        } else {
            event.head.cookie = known_or(sock.cookie(), cookie);
        }
        Some(())
    });
}
