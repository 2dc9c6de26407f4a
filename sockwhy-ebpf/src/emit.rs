//! The one place that writes to the ring buffer, wakes the reader, and counts what was lost.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, BPF_RB_PROD_POS};
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::ring_buf::RingBufEntry;
use aya_ebpf::maps::{Array, PerCpuArray, RingBuf};
use aya_log_ebpf::{debug, trace};
use bytemuck::Pod;
use sockwhy_common::{Head, Kind, Lost, Opened, Outcome, READER_ACTIVE, READER_IDLE};

use crate::atomic;
use crate::filter::config;

/// Why a hook sends no event.
pub enum Skip {
    /// The filters do not want it, or it is none: the same hooks see SCTP, Unix and Bluetooth sockets.
    Unwanted,
    /// Something that the event cannot do without could not be read.
    Unreadable,
}

/// A record of the ring buffer: a head, and what its kind has beside it.
pub trait Record: Pod {
    fn head(&mut self) -> &mut Head;
}

impl Record for Opened {
    #[inline(always)]
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl Record for Outcome {
    #[inline(always)]
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

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
/// that something of it cannot be read. Returns whether it was sent.
#[inline(always)]
pub fn event<C: EbpfContext, T: Record>(ctx: &C, kind: Kind, fill: impl FnOnce(&mut T) -> Option<()>) -> bool {
    let Some(mut entry) = EVENTS.reserve::<T>(0) else {
        lost(ctx, Lost::RingFull);
        return false;
    };
    let event = clear(&mut entry);
    event.head().kind = kind as u8;
    // SAFETY: the helper has no preconditions.
    event.head().time = unsafe { bpf_ktime_get_ns() };
    match fill(event) {
        Some(()) => {
            entry.submit(wake_up(size_of::<T>()));
            true
        }
        None => {
            entry.discard(u64::from(BPF_RB_NO_WAKEUP));
            lost(ctx, Lost::Unreadable);
            false
        }
    }
}

/// An event with every field 0. Zeros in words: what the compiler calls to set memory stores single bytes.
#[inline(always)]
fn clear<T: Record>(entry: &mut RingBufEntry<T>) -> &mut T {
    let words = entry.as_mut_ptr().cast::<u64>();
    for word in 0..size_of::<T>() / size_of::<u64>() {
        // SAFETY: the entry is as large and as aligned as a record, which consists of whole words.
        unsafe { words.add(word).write_volatile(0) };
    }
    // SAFETY: all bytes are written, and zeros are valid in a `Pod`.
    unsafe { entry.assume_init_mut() }
}

/// Waking the reader costs more than everything else a hook does, so it is done once when events begin to come, and
/// after that only when the ring fills faster than the reader looks by itself: by the event that crosses a multiple of
/// `wake_at`. How much is unread is not asked: that would fetch a cache line that the reader writes to.
/// If another CPU writes at the same time, both may miss the crossing. The reader looks by itself soon enough.
#[inline(always)]
fn wake_up(size: usize) -> u64 {
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
    /// `BPF_RINGBUF_HDR_SZ`: what stands before a record in the ring.
    const HEADER: u64 = 8;
    if behind < HEADER + size as u64 { u64::from(BPF_RB_FORCE_WAKEUP) } else { u64::from(BPF_RB_NO_WAKEUP) }
}

/// A hook sends no event: says so in the log, and counts it where it should have been sent.
#[inline(always)]
pub fn skip<C: EbpfContext>(ctx: &C, kind: Kind, why: &Skip) {
    match why {
        Skip::Unwanted => trace!(ctx, "{}: not wanted by the filters, or not TCP", kind.as_str()),
        Skip::Unreadable => lost(ctx, Lost::Unreadable),
    }
}

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
