//! Connections accepted: one event for each socket that accept gives to a process, from the task that accepts.

use aya_ebpf::EbpfContext;
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use aya_ebpf::programs::{RawTracePointContext, TracePointContext};
use sockwhy_common::{Kind, Lost, Opened};

use crate::arch;
use crate::emit::{self, Skip};
use crate::filter::config;
use crate::read::{KernelPtr, offset};
use crate::sock::{Sock, fill_listener, known_or, socket_inode, trusted_cookie};
use crate::task::{self, Caller};

/// Listeners of accepts between `inet_csk_accept` and `security_sock_graft`, by thread. Written at the exit of the
/// first, taken at the entry of the second. When it is full, the event only lacks its listener.
#[map]
static LISTENERS: HashMap<u64, u64> = HashMap::with_max_entries(4096, 0);

/// fexit on `inet_csk_accept`: remembers which listener the accepted socket comes from. A thread that was blocked in it
/// when the program attached does not pass here.
#[inline(always)]
pub fn inet_csk_accept_exit(listener: *const u8, accepted: *const u8) {
    if !accepted.is_null() {
        // Where the map is full the event goes out without its listener.
        let _full = LISTENERS.insert(bpf_get_current_pid_tgid(), listener as u64, 0);
    }
}

/// fentry on `security_sock_graft`: `__inet_accept()` joins the accepted socket to the descriptor's. Every accept of TCP
/// and MPTCP comes by, those already blocked in it as well, in the task that accepts.
#[inline(always)]
pub fn security_sock_graft_entry<C: EbpfContext>(ctx: &C, accepted: *const u8) {
    let thread = bpf_get_current_pid_tgid();
    // SAFETY: the value is copied; only this thread writes and removes it.
    let listener = unsafe { LISTENERS.get(thread) }.copied();
    if listener.is_some() {
        // It was found above, so removing it cannot fail.
        let _gone = LISTENERS.remove(thread);
    }
    let listener = listener.and_then(|listener| KernelPtr::new(listener as *const u8));
    // SAFETY: the verifier knows `accepted` as a trusted `struct sock *`.
    report(ctx, KernelPtr::new(accepted), listener, || unsafe { trusted_cookie(accepted) });
}

/// kprobe on `security_sock_graft`: the same, without listener and cookie.
#[inline(always)]
pub fn security_sock_graft_probe<C: EbpfContext>(ctx: &C, accepted: *const u8) {
    report(ctx, KernelPtr::new(accepted), None, || 0);
}

/// The exit of `accept` or `accept4`, as tracefs has it.
#[inline(always)]
pub fn syscall_tracepoint(ctx: &TracePointContext) {
    // SAFETY: the helper checks the address.
    let Ok(result) = (unsafe { ctx.read_at::<i64>(16) }) else { return emit::lost(ctx, Lost::Unreadable) };
    let regs = if config!(registers_helper) == 0 {
        // Kernels without the helper leave the address of the system call's registers in the first eight bytes
        // (`perf_call_bpf_exit()`), which programs may not load; later ones that of others (`perf_fetch_caller_regs()`).
        KernelPtr::new(ctx.as_ptr().cast_const()).and_then(|context| context.follow(0))
    } else {
        task::registers()
    };
    accepted_descriptor(ctx, result, regs);
}

/// The exit of any system call.
#[inline(always)]
pub fn sys_exit(ctx: &RawTracePointContext, regs: *const u8, result: i64) {
    if result < 0 {
        return;
    }
    let Some(regs) = KernelPtr::new(regs) else { return };
    let Some(number) = regs.read::<u64>(offset!(regs_syscall)) else { return };
    if arch::is_accept(number) && !arch::is_compat() {
        accepted_descriptor(ctx, result, Some(regs));
    }
}

/// The system call returned `descriptor`: the socket is behind it in the task's table.
#[inline(always)]
fn accepted_descriptor<C: EbpfContext>(ctx: &C, descriptor: i64, regs: Option<KernelPtr>) {
    let Ok(descriptor) = u32::try_from(descriptor) else { return };
    let caller = match Caller::if_wanted() {
        Ok(caller) => caller,
        Err(skip) => return emit::skip(ctx, Kind::Accept, &skip),
    };
    let Some(table) = Descriptors::of_current() else { return emit::lost(ctx, Lost::Unreadable) };
    let Some(accepted) = table.socket(descriptor) else { return emit::lost(ctx, Lost::Unreadable) };
    let listener =
        regs.and_then(|regs| regs.read::<u64>(offset!(regs_arg0))).and_then(|argument| table.socket(argument as u32));
    send(ctx, accepted, listener, &caller, || 0);
}

/// One event for the socket that the running task has accepted.
#[inline(always)]
fn report<C: EbpfContext>(
    ctx: &C,
    accepted: Option<KernelPtr>,
    listener: Option<KernelPtr>,
    cookie: impl FnOnce() -> u64,
) {
    let Some(accepted) = accepted else { return emit::lost(ctx, Lost::Unreadable) };
    match Caller::if_wanted() {
        Ok(caller) => send(ctx, accepted, listener, &caller, cookie),
        Err(skip) => emit::skip(ctx, Kind::Accept, &skip),
    }
}

#[inline(always)]
fn send<C: EbpfContext>(
    ctx: &C,
    accepted: KernelPtr,
    listener: Option<KernelPtr>,
    caller: &Caller,
    cookie: impl FnOnce() -> u64,
) {
    let mut sock = Sock::at(accepted);
    if let Err(skip) = sock.load() {
        return emit::skip(ctx, Kind::Accept, &skip);
    }
    if !sock.is_wanted() {
        return emit::skip(ctx, Kind::Accept, &Skip::Unwanted);
    }
    emit::event(ctx, Kind::Accept, |event: &mut Opened| {
        event.socket = accepted.address();
        caller.fill(event)?;
        sock.fill(event)?;
        event.head.cookie = known_or(sock.cookie(), cookie);
        // The listener is an extra: without it the event is still whole.
        let _unknown = listener.and_then(|listener| fill_listener(listener, event));
        Some(())
    });
}

/// The running task's table of descriptors.
struct Descriptors {
    files: KernelPtr,
    size: u32,
}

impl Descriptors {
    #[inline(always)]
    fn of_current() -> Option<Self> {
        let table = task::current()?.follow(offset!(files))?.follow(offset!(fdt))?;
        Some(Self { files: table.follow(offset!(fd))?, size: table.read(offset!(max_fds))? })
    }

    /// The `struct sock` behind a descriptor, if it is a socket. Another thread may have closed it meanwhile.
    #[inline(always)]
    fn socket(&self, descriptor: u32) -> Option<KernelPtr> {
        if descriptor >= self.size {
            return None;
        }
        let file = self.files.element(0, descriptor, size_of::<u64>() as u32).follow(0)?;
        socket_inode(file)?;
        file.follow(offset!(private_data))?.follow(offset!(socket_sk))
    }
}
