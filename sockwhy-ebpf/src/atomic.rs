//! Counters that several CPUs, or a program and the interrupt that interrupts it, add to.

use core::arch::asm;

/// Adds to a counter (`BPF_XADD`, which every kernel with a BPF JIT has; `core` offers no atomic addition for BPF).
///
/// # Safety
/// `counter` is aligned and points into a map's value.
#[inline(always)]
pub unsafe fn add(counter: *mut u64, change: u64) {
    // SAFETY: the caller's promise; one instruction, nothing else is touched.
    unsafe { asm!("lock *(u64 *)({counter} + 0) += {change}", counter = in(reg) counter, change = in(reg) change) };
}
