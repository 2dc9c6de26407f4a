//! The kernel's clocks.

use rustix::time::{ClockId, clock_gettime};

/// What `CLOCK_REALTIME` is ahead of `CLOCK_MONOTONIC`, in nanoseconds. To be asked anew from time to time, as clocks are
/// set.
#[must_use]
pub fn wall_clock_offset() -> u64 {
    nanoseconds(ClockId::Realtime).wrapping_sub(nanoseconds(ClockId::Monotonic))
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
