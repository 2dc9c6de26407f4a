//! The kernel's clocks.

use rustix::time::{ClockId, clock_gettime};

/// What `CLOCK_REALTIME` is ahead of `CLOCK_MONOTONIC`, in nanoseconds. It changes when the clock is set: ask again
/// from time to time.
#[must_use]
pub fn wall_clock_offset() -> u64 {
    nanoseconds(ClockId::Realtime).wrapping_sub(nanoseconds(ClockId::Monotonic))
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
