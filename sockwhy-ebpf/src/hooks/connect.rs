//! Connections made: one event for each attempt that sends a SYN, when it is sent, from the task that connects.

use aya_ebpf::EbpfContext;
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

/// `BPF_SOCK_OPS_TCP_CONNECT_CB`: `tcp_connect()` calls it through `tcp_call_bpf()` before it builds the SYN. Returns
/// whether the event was sent.
#[inline(always)]
pub fn sock_ops(ctx: &SockOpsContext, sk: Option<KernelPtr>) -> bool {
    // SAFETY: the helper takes the context of a sock_ops program.
    report(ctx, sk, || unsafe { bpf_get_socket_cookie(ctx.as_ptr()) })
}

/// One event for the SYN that `sk` is about to send, from the running task.
#[inline(always)]
fn report<C: EbpfContext>(ctx: &C, sk: Option<KernelPtr>, cookie: impl FnOnce() -> u64) -> bool {
    match (sk, Caller::if_wanted()) {
        (Some(sk), Ok(caller)) => return send(ctx, sk, cookie, |event| caller.fill(event)),
        (None, _) => emit::lost(ctx, Lost::Unreadable),
        (_, Err(skip)) => emit::skip(ctx, Kind::Connect, &skip),
    }
    false
}

/// Sends the event of `sk` connecting, if it is a new connection that the filters want. Returns whether it was sent.
#[inline(always)]
pub fn send<C: EbpfContext>(
    ctx: &C,
    sk: KernelPtr,
    cookie: impl FnOnce() -> u64,
    fill_caller: impl FnOnce(&mut Opened) -> Option<()>,
) -> bool {
    let mut sock = Sock::at(sk);
    let application = match wanted(&mut sock) {
        Ok(application) => application,
        Err(skip) => {
            emit::skip(ctx, Kind::Connect, &skip);
            return false;
        }
    };
    emit::event(ctx, Kind::Connect, |event: &mut Opened| {
        event.socket = application.unwrap_or(sk).address();
        fill_caller(event)?;
        sock.fill(event)?;
        if let Some(application) = application {
            event.head.flags |= flags::MPTCP;
            event.head.cookie = application.read(offset!(skc_cookie))?;
        } else {
            event.head.cookie = known_or(sock.cookie(), cookie);
        }
        Some(())
    })
}

/// Reads the socket. Returns the application's, where that is an MPTCP socket.
#[inline(always)]
fn wanted(sock: &mut Sock) -> Result<Option<KernelPtr>, Skip> {
    sock.load()?;
    if !sock.is_wanted() || sock.is_in_repair().ok_or(Skip::Unreadable)? {
        return Err(Skip::Unwanted);
    }
    match sock.role() {
        Some(Role::Plain) => Ok(None),
        Some(Role::First(application)) => Ok(Some(application)),
        Some(Role::Join(_)) => Err(Skip::Unwanted),
        None => Err(Skip::Unreadable),
    }
}
