//! The kernel's clocks.

use std::fs;
use std::sync::LazyLock;

use rustix::time::{ClockId, clock_gettime};

/// How far `CLOCK_REALTIME` is ahead of the machine's `CLOCK_MONOTONIC`, which events are stamped with, in nanoseconds. It
/// changes when the clock is set: ask again from time to time.
pub fn wall_clock_offset() -> u64 {
    let monotonic = nanoseconds(ClockId::Monotonic).wrapping_sub(*NAMESPACE_OFFSET);
    nanoseconds(ClockId::Realtime).wrapping_sub(monotonic)
}

/// How far `CLOCK_MONOTONIC` is ahead of the machine's in the time namespace of this process, in nanoseconds, as a two's
/// complement (`time_namespaces(7)`). A process stays in its time namespace.
static NAMESPACE_OFFSET: LazyLock<u64> = LazyLock::new(|| {
    // Kernels without time namespaces have no such file.
    let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    offsets.lines().find_map(monotonic).unwrap_or(0)
});

/// `monotonic SECONDS NANOSECONDS`
fn monotonic(line: &str) -> Option<u64> {
    let mut fields = line.split_whitespace();
    let _its_line = fields.next().filter(|clock| *clock == "monotonic")?;
    let (seconds, nanoseconds): (i64, i64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds).cast_unsigned())
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_can_be_behind_the_machine() {
        assert_eq!(monotonic("monotonic          -2 500000000"), Some(1_500_000_000_u64.wrapping_neg()));
        for line in ["boottime 1 0", "monotonic", "monotonic 1", "monotonic x 0", ""] {
            assert_eq!(monotonic(line), None, "{line:?}");
        }
    }
}
