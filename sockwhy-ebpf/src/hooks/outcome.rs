//! What becomes of connections: the answer to a connect, and the end of a connection's life. The kernel calls `sock_ops`
//! programs for the sockets that ask for it, in whatever context the segment or the timer comes: who it was is known by
//! the event that began the connection.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{
    BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_STATE_CB,
    BPF_SOCK_OPS_STATE_CB_FLAG, BPF_SOCK_OPS_TCP_CONNECT_CB,
};
use aya_ebpf::helpers::bpf_get_socket_cookie;
use aya_ebpf::programs::SockOpsContext;
use sockwhy_common::{Kind, Lost, Outcome, Watch};

use crate::emit;
use crate::filter::config;
use crate::hooks::connect;
use crate::read::{KernelPtr, offset};
use crate::sock::{Role, Sock};

/// `enum tcp_state`, unchanged since Linux 2.6.
const TCP_SYN_SENT: u32 = 2;
const TCP_SYN_RECV: u32 = 3;
const TCP_CLOSE: u32 = 7;
const TCP_LISTEN: u32 = 10;

/// `enum sock_flags`, unchanged since Linux 2.6: nobody holds the socket any more; the peer's FIN has come.
const SOCK_DEAD: u64 = 1 << 0;
const SOCK_DONE: u64 = 1 << 1;

/// sock_ops on the root of cgroup v2.
#[inline(always)]
pub fn sock_ops(ctx: &SockOpsContext) {
    match ctx.op() {
        BPF_SOCK_OPS_TCP_CONNECT_CB => {
            let is_sent = connect::sock_ops(ctx, socket(ctx));
            if is_sent && follows(Watch::Attempts) {
                watch(ctx);
            }
        }
        BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB if follows(Watch::Attempts) && is_watched(ctx) => {
            report(ctx, Kind::Established, TCP_SYN_SENT);
        }
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB => {
            // The exit of accept() may not ask for a cookie. Once somebody has asked, it can be read from the socket.
            // SAFETY: the helper takes the context of a sock_ops program.
            unsafe { bpf_get_socket_cookie(ctx.as_ptr()) };
            if follows(Watch::Lives) {
                watch(ctx);
            }
        }
        // Listeners have no connection.
        BPF_SOCK_OPS_STATE_CB if ctx.arg(1) == TCP_CLOSE && ctx.arg(0) != TCP_LISTEN => {
            let is_attempt = matches!(ctx.arg(0), TCP_SYN_SENT | TCP_SYN_RECV);
            if follows(Watch::Lives) || follows(Watch::Attempts) && is_attempt {
                report(ctx, Kind::Closed, ctx.arg(0));
            }
        }
        _ => {}
    }
}

/// The program sees the context through a view that the verifier rewrites. In memory it is a `struct bpf_sock_ops_kern`,
/// which holds the socket.
#[inline(always)]
fn socket(ctx: &SockOpsContext) -> Option<KernelPtr> {
    KernelPtr::new(ctx.as_ptr().cast_const())?.follow(offset!(sock_ops_sk))
}

/// Whether the user wants connections to be followed this far.
#[inline(always)]
fn follows(watch: Watch) -> bool {
    config!(watch) >= watch as u32
}

#[inline(always)]
fn is_watched(ctx: &SockOpsContext) -> bool {
    ctx.cb_flags() & BPF_SOCK_OPS_STATE_CB_FLAG != 0
}

/// Asks for this socket's changes of state. The helper replaces the flags, and other programs have set some, too.
#[inline(always)]
fn watch(ctx: &SockOpsContext) {
    // It fails for sockets without a full `struct tcp_sock`, which these have.
    let _ok = ctx.set_cb_flags((ctx.cb_flags() | BPF_SOCK_OPS_STATE_CB_FLAG) as i32);
}

/// One record for the socket of the context.
#[inline(always)]
fn report(ctx: &SockOpsContext, kind: Kind, state: u32) {
    let Some(sk) = socket(ctx) else { return emit::lost(ctx, Lost::Unreadable) };
    let mut sock = Sock::at(sk);
    if let Err(skip) = sock.load() {
        return emit::skip(ctx, kind, &skip);
    }
    if !sock.is_wanted() {
        return;
    }
    let application = match sock.role() {
        Some(Role::Plain) => sk,
        Some(Role::First(application)) => application,
        Some(Role::Join(_)) => return,
        None => return emit::lost(ctx, Lost::Unreadable),
    };
    emit::event(ctx, kind, |event: &mut Outcome| {
        sock.fill_head(&mut event.head);
        event.head.cookie = sock.cookie();
        event.socket = application.address();
        event.bytes_sent = sk.read::<u64>(offset!(bytes_sent))?.wrapping_sub(sk.read(offset!(bytes_retrans))?);
        let flags: u64 = sock.get(offset!(skc_flags));
        // The FIN takes a number like a byte (RFC 9293 §3.4), and `tcp_fin()` alone sets the flag.
        let fin = u64::from(flags & SOCK_DONE != 0);
        event.bytes_received = sk.read::<u64>(offset!(bytes_received))?.wrapping_sub(fin);
        event.retransmits = sk.read(offset!(total_retrans))?;
        event.rtt = sk.read::<u32>(offset!(srtt_us))? >> 3;
        event.error = sk.read(offset!(sk_err))?;
        event.state = state as u8;
        let socket: u64 = sk.read(offset!(sk_socket))?;
        event.in_queue = u8::from(socket == 0 && flags & SOCK_DEAD == 0);
        Some(())
    });
}
