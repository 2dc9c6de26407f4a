//! All that depends on the processor. Another one is another object from `cargo xtask ebpf` and another module here.

#[cfg(target_arch = "x86_64")]
pub(super) use self::x86_64::{ARGUMENT_0, OBJECT, SYSCALL_NUMBER, THREAD_STATUS};

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    /// Built by `cargo xtask ebpf` from `sockwhy-ebpf`.
    pub(in crate::kernel) static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../bpf/sockwhy-x86_64.bpf.o");

    /// The member of `struct pt_regs` with a system call's first argument, as it still stands at its exit.
    pub(in crate::kernel) const ARGUMENT_0: &str = "di";

    /// The member of `struct pt_regs` with a system call's number, untouched by its result.
    pub(in crate::kernel) const SYSCALL_NUMBER: &str = "orig_ax";

    /// The member of `struct thread_info` that marks 32-bit system calls.
    pub(in crate::kernel) const THREAD_STATUS: &str = "status";
}
