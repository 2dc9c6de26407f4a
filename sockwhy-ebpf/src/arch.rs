//! Everything that depends on the processor and that aya-ebpf does not know.

#[cfg(bpf_target_arch = "x86_64")]
pub use self::x86_64::{is_accept, is_compat};

#[cfg(bpf_target_arch = "x86_64")]
mod x86_64 {
    use crate::read::offset;
    use crate::task;

    /// `accept` is 43, `accept4` 288 (`arch/x86/entry/syscalls/syscall_64.tbl`).
    #[inline(always)]
    pub fn is_accept(number: u64) -> bool {
        number == 43 || number == 288
    }

    /// Whether this is a 32-bit system call, whose numbers mean other calls (`TS_COMPAT` in `thread_info.status`).
    #[inline(always)]
    pub fn is_compat() -> bool {
        const TS_COMPAT: u32 = 2;
        let status: Option<u32> = task::current().and_then(|task| task.read(offset!(thread_status)));
        status.is_none_or(|status| status & TS_COMPAT != 0)
    }
}
