//! Connections made: one event for each attempt that sends a SYN, when it is sent, from the task that connects.

use aya_ebpf::{
    EbpfContext,
    bindings::{BPF_NOEXIST, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_TCP_CONNECT_CB},
    helpers::bpf_get_socket_cookie,
    macros::map,
    maps::{Array, HashMap},
    programs::SockOpsContext,
};
use aya_log_ebpf::trace;
use sockwhy_common::{FlowEvent, Kind, Lost, flags};

use crate::{
    atomic, emit,
    filter::config,
    read::{KernelPtr, offset},
    sock::{Role, Sock, TCP, Unfit, has_sent, protocol},
    task::{Caller, Refused},
};

/// `enum tcp_state`, unchanged since Linux 2.6.
const TCP_SYN_SENT: i32 = 2;
const TCP_CLOSE: i32 = 7;

/// fentry on `tcp_connect`: the tuple is complete, the SYN not yet sent, the caller's task running.
#[inline(always)]
pub fn tcp_connect_entry<C: EbpfContext>(ctx: &C, sk: *const u8) {
    // SAFETY: the verifier knows `sk` as a trusted `struct sock *`. Evaluated only where the kernel offers the helper.
    report(ctx, sk, || unsafe { trusted_cookie(sk) });
}

/// kprobe on `tcp_connect`: the same, but kprobes may not ask for a cookie.
#[inline(always)]
pub fn tcp_connect_probe<C: EbpfContext>(ctx: &C, sk: *const u8) {
    report(ctx, sk, || 0);
}

/// sock_ops on the root of cgroup v2: `tcp_connect()` calls it through `tcp_call_bpf()` before it builds the SYN.
#[inline(always)]
pub fn sock_ops(ctx: &SockOpsContext) {
    match ctx.op() {
        BPF_SOCK_OPS_TCP_CONNECT_CB => {
            // The context that the program sees is a view that the verifier rewrites; what lies in memory is a
            // `struct bpf_sock_ops_kern`, which holds the socket.
            let Some(kern) = KernelPtr::new(ctx.as_ptr().cast_const()) else { return };
            match kern.follow(offset!(sock_ops_sk)) {
                // SAFETY: the helper takes the context of a sock_ops program.
                Some(sk) => report(ctx, sk.address() as *const u8, || unsafe { bpf_get_socket_cookie(ctx.as_ptr()) }),
                None => emit::lost(ctx, Lost::Unreadable),
            }
        }
        // The exit of accept() may not ask for a cookie; once somebody has, it can be read from the socket.
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB => {
            // SAFETY: as above.
            unsafe { bpf_get_socket_cookie(ctx.as_ptr()) };
        }
        _ => {}
    }
}

/// One event for the SYN that `sk` is about to send, from the running task.
#[inline(always)]
fn report<C: EbpfContext>(ctx: &C, sk: *const u8, cookie: impl FnOnce() -> u64) {
    let Some(sk) = KernelPtr::new(sk) else { return emit::lost(ctx, Lost::Unreadable) };
    match Caller::current() {
        Ok(caller) => send(ctx, sk, cookie, |event| caller.fill(event)),
        Err(refused) => refuse(ctx, &refused),
    }
}

/// Sends the event of `sk` connecting, if it is a new connection that the filters want.
#[inline(always)]
fn send<C: EbpfContext>(
    ctx: &C,
    sk: KernelPtr,
    cookie: impl FnOnce() -> u64,
    fill_caller: impl FnOnce(&mut FlowEvent) -> Option<()>,
) {
    let mut sock = Sock::at(sk);
    match sock.load() {
        Ok(()) => {}
        Err(Unfit::Other) => return,
        Err(Unfit::Unreadable) => return emit::lost(ctx, Lost::Unreadable),
    }
    if !sock.is_wanted() {
        return trace!(ctx, "connect: not wanted by the filters of the socket");
    }
    let application = match sock.role() {
        Some(Role::Plain) => None,
        Some(Role::First(application)) => Some(application),
        Some(Role::Join(_)) => return trace!(ctx, "connect: a further subflow of an MPTCP connection"),
        None => return emit::lost(ctx, Lost::Unreadable),
    };
    emit::event(ctx, Kind::Connect, |event| {
        fill_caller(event)?;
        sock.fill(event)?;
        if let Some(application) = application {
            event.flags |= flags::MPTCP;
            event.cookie = application.read(offset!(skc_cookie))?;
        } else {
            event.cookie = known_or(sock.cookie(), cookie);
        }
        Some(())
    });
}

/// Says why there is no caller to report.
#[inline(always)]
pub fn refuse<C: EbpfContext>(ctx: &C, refused: &Refused) {
    match refused {
        Refused::Filtered => trace!(ctx, "not wanted by the filters of the process"),
        Refused::Unreadable => emit::lost(ctx, Lost::Unreadable),
    }
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

// Without sock_ops: `inet_sock_set_state` runs in the connecting task too, but before the local port is chosen, and
// also for attempts that will never send a SYN. So the caller is kept until the SYN is seen on its way.

/// Sockets in SYN_SENT whose SYN has not been seen yet, and who connects them: an event of which the caller's part and
/// the cookie are known. Written at SYN_SENT, taken at the first packet or the next state.
#[map]
static PENDING: HashMap<u64, FlowEvent> = HashMap::with_max_entries(8192, 0);

/// How many entries `PENDING` has: every packet of the machine passes by, and most of the time there is none.
#[map]
static PENDING_COUNT: Array<u64> = Array::with_max_entries(1, 0);

/// The state of a TCP socket changes from `old` to `new`.
#[inline(always)]
pub fn inet_sock_set_state<C: EbpfContext>(ctx: &C, sk: *const u8, old: i32, new: i32) {
    let Some(at) = KernelPtr::new(sk) else { return };
    if old == TCP_CLOSE && new == TCP_SYN_SENT {
        // An MPTCP connection changes state twice, as the application's socket and as its subflow; the latter counts.
        match protocol(at) {
            Some(TCP) => keep(ctx, at, sk),
            Some(_) => {}
            None => emit::lost(ctx, Lost::Unreadable),
        }
    } else if old == TCP_SYN_SENT {
        // On to CLOSE: refused, timed out, or failed before the SYN (EADDRNOTAVAIL), which is no attempt to report.
        let sent = if new == TCP_CLOSE { has_sent(at) } else { Some(true) };
        match sent {
            Some(true) => send_pending(ctx, at),
            Some(false) => drop(PENDING.remove(at.address()).map(|()| count_pending(u64::MAX))),
            None => emit::lost(ctx, Lost::Unreadable),
        }
    }
}

/// A packet is handed to a network device; `tcp_connect()` has come to `dev_queue_xmit()`.
#[inline(always)]
pub fn net_dev_queue<C: EbpfContext>(ctx: &C, skb: *const u8) {
    if PENDING_COUNT.get(0).is_none_or(|count| *count == 0) {
        return;
    }
    if let Some(sk) = KernelPtr::new(skb).and_then(|skb| skb.follow(offset!(skb_sk))) {
        send_pending(ctx, sk);
    }
}

/// Keeps what is known of the running task's connect until its SYN is seen.
#[inline(always)]
fn keep<C: EbpfContext>(ctx: &C, at: KernelPtr, sk: *const u8) {
    let caller = match Caller::current() {
        Ok(caller) => caller,
        Err(refused) => return refuse(ctx, &refused),
    };
    let mut pending = FlowEvent::new(Kind::Connect);
    if caller.fill(&mut pending).is_none() {
        return emit::lost(ctx, Lost::Unreadable);
    }
    // SAFETY: the verifier knows `sk` as a trusted `struct sock *`.
    pending.cookie = unsafe { trusted_cookie(sk) };
    // A socket freed in SYN_SENT passes through CLOSE, so an entry that is there already is of an earlier attempt.
    if PENDING.insert(at.address(), pending, u64::from(BPF_NOEXIST)).is_ok() {
        count_pending(1);
    } else if PENDING.insert(at.address(), pending, 0).is_err() {
        emit::lost(ctx, Lost::PendingFull);
    }
}

/// Sends the event that was kept for `sk`, if there is one.
#[inline(always)]
fn send_pending<C: EbpfContext>(ctx: &C, sk: KernelPtr) {
    // SAFETY: the value stays in place until it is removed below, by the one who sends it.
    let Some(pending) = (unsafe { PENDING.get(sk.address()) }) else { return };
    send(
        ctx,
        sk,
        || pending.cookie,
        |event| {
            (event.cgroup_id, event.pid, event.tid, event.uid) =
                (pending.cgroup_id, pending.pid, pending.tid, pending.uid);
            (event.process, event.thread) = (pending.process, pending.thread);
            Some(())
        },
    );
    if PENDING.remove(sk.address()).is_ok() {
        count_pending(u64::MAX);
    }
}

#[inline(always)]
fn count_pending(change: u64) {
    if let Some(count) = PENDING_COUNT.get_ptr_mut(0) {
        // SAFETY: the pointer is into the map's only value, an aligned u64 that lives as long as the map.
        unsafe { atomic::add(count, change) };
    }
}
