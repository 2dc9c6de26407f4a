//! The one place that writes to the ring buffer, wakes the reader, and counts what was lost.

use aya_ebpf::{
    EbpfContext,
    bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, BPF_RB_PROD_POS},
    helpers::bpf_ktime_get_ns,
    macros::map,
    maps::{Array, PerCpuArray, RingBuf, ring_buf::RingBufEntry},
};
use aya_log_ebpf::debug;
use sockwhy_common::{FlowEvent, Kind, Lost, READER_ACTIVE, READER_IDLE};

use crate::{atomic, filter::config};

/// The stream of events: the hooks write, userspace reads. Userspace sets the size.
#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(4096, 0);

/// Whether the reader sleeps: it writes `READER_IDLE` before it does, the first event after that takes it back.
#[map]
static READER: Array<u32> = Array::with_max_entries(1, 0);

/// What could not be reported, a counter for each [`Lost`]: the hooks count, userspace sums over the CPUs.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(Lost::ALL.len() as u32, 0);

/// Sends one event up, stamped with the time. It is built where the reader will find it; `fill` completes it, or says
/// that something of it cannot be read.
#[inline(always)]
pub fn event<C: EbpfContext>(ctx: &C, kind: Kind, fill: impl FnOnce(&mut FlowEvent) -> Option<()>) {
    let Some(mut entry) = EVENTS.reserve::<FlowEvent>(0) else { return lost(ctx, Lost::RingFull) };
    let event = clear(&mut entry);
    event.kind = kind as u8;
    // SAFETY: the helper has no preconditions.
    event.time = unsafe { bpf_ktime_get_ns() };
    match fill(event) {
        Some(()) => entry.submit(wake_up()),
        None => {
            entry.discard(u64::from(BPF_RB_NO_WAKEUP));
            lost(ctx, Lost::Unreadable);
        }
    }
}

/// An event of which nothing is known. Zeros in words: what the compiler calls to set memory stores single bytes.
#[inline(always)]
fn clear(entry: &mut RingBufEntry<FlowEvent>) -> &mut FlowEvent {
    let words = entry.as_mut_ptr().cast::<u64>();
    for word in 0..size_of::<FlowEvent>() / size_of::<u64>() {
        // SAFETY: the entry is as large and as aligned as an event, which consists of whole words.
        unsafe { words.add(word).write_volatile(0) };
    }
    // SAFETY: all bits are written, and zeros are valid in integers and arrays of them.
    unsafe { entry.assume_init_mut() }
}

/// Waking the reader costs more than everything else a hook does, so it is done once when events begin to come, and
/// after that only when the ring fills faster than the reader looks by itself: by the event that crosses a multiple of
/// `wake_at`. How much of it is unread does not matter, and asking would fetch a cache line that the reader writes to.
/// Where another CPU has moved on meanwhile nobody may see the crossing: the reader looks by itself soon enough.
#[inline(always)]
fn wake_up() -> u64 {
    if let Some(reader) = READER.get_ptr_mut(0) {
        // SAFETY: the pointer is into the map's only value, an aligned u32 that lives as long as the map. Two CPUs that
        // both see IDLE wake the reader twice, which is harmless.
        unsafe {
            if core::ptr::read_volatile(reader) == READER_IDLE {
                core::ptr::write_volatile(reader, READER_ACTIVE);
                return u64::from(BPF_RB_FORCE_WAKEUP);
            }
        }
    }
    // A power of two, as the size of the ring is.
    let behind = EVENTS.query(u64::from(BPF_RB_PROD_POS)) & u64::from(config!(wake_at) - 1);
    if behind < RECORD { u64::from(BPF_RB_FORCE_WAKEUP) } else { u64::from(BPF_RB_NO_WAKEUP) }
}

/// Bytes of an event in the ring, with the header before it (`BPF_RINGBUF_HDR_SZ`).
const RECORD: u64 = 8 + size_of::<FlowEvent>() as u64;

/// Counts an event that should have been reported and was not.
#[inline(always)]
pub fn lost<C: EbpfContext>(ctx: &C, why: Lost) {
    if let Some(count) = LOST.get_ptr_mut(why as u32) {
        // SAFETY: the pointer is into this CPU's value of the map, an aligned u64. Atomic, as a program that runs in an
        // interrupt may count here too.
        unsafe { atomic::add(count, 1) };
    }
    debug!(
        ctx,
        "lost an event: {}",
        match why {
            Lost::RingFull => "the ring buffer is full",
            Lost::PendingFull => "the map of pending connects is full",
            Lost::Unreadable => "a field could not be read",
        }
    );
}
