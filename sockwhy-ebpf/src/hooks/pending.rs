//! Connects where there is no hook within `tcp_connect()`. `inet_sock_set_state` runs in the connecting task too, but
//! before the local port is chosen, and also for attempts that will never send a SYN. So the caller is kept until the SYN
//! is seen on its way.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap};
use bytemuck::Zeroable;
use sockwhy_common::{Kind, Lost, Opened};

use crate::hooks::connect::send;
use crate::read::{KernelPtr, offset};
use crate::sock::{TCP, protocol, trusted_cookie};
use crate::task::Caller;
use crate::{atomic, emit};

/// `enum tcp_state`, unchanged since Linux 2.6.
const TCP_SYN_SENT: i32 = 2;
const TCP_CLOSE: i32 = 7;

/// Sockets in SYN_SENT whose SYN has not been seen yet, and who connects them: an event with the caller's part and the
/// cookie. Written at SYN_SENT, taken at the first packet or the next state.
#[map]
static PENDING: HashMap<u64, Opened> = HashMap::with_max_entries(8192, 0);

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
    let caller = match Caller::if_wanted() {
        Ok(caller) => caller,
        Err(skip) => return emit::skip(ctx, Kind::Connect, &skip),
    };
    let mut pending = Opened::zeroed();
    if caller.fill(&mut pending).is_none() {
        return emit::lost(ctx, Lost::Unreadable);
    }
    // SAFETY: the verifier knows `sk` as a trusted `struct sock *`.
    pending.head.cookie = unsafe { trusted_cookie(sk) };
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
    let _is_sent = send(
        ctx,
        sk,
        || pending.head.cookie,
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

/// Whether a segment was ever sent (`tcp_sock.segs_out`).
#[inline(always)]
fn has_sent(sock: KernelPtr) -> Option<bool> {
    let sent: u32 = sock.read(offset!(segs_out))?;
    Some(sent > 0)
}
