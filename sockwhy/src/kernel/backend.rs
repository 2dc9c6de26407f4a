//! The three ways to hook the same two moments, and the choice between them.
//!
//! | backend | connect | accept |
//! | --- | --- | --- |
//! | fentry | `tcp_connect` | `security_sock_graft`, the listener from `inet_csk_accept` |
//! | kprobe | `tcp_connect` | `security_sock_graft` |
//! | tracepoint | sock_ops on cgroup v2, else `inet_sock_set_state` and `net_dev_queue` | exit of the system calls |

use aya::{
    Btf as AyaBtf, Ebpf,
    programs::{BtfTracePoint, CgroupAttachMode, FEntry, FExit, KProbe, RawTracePoint, SockOps, TracePoint},
};

use super::{
    btf::Btf,
    host::{self, Capability},
    object::{aya_btf, program},
    refusal::Refusal,
    tracefs,
};
use crate::plan::{Backend, BackendChoice};

/// Which of the two kinds of event are wanted; hooks of the other are not attached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Connections made.
    pub connects: bool,
    /// Connections accepted.
    pub accepts: bool,
}

/// What of the kernel's BTF the backends ask for. Tracepoints stand there as typedefs.
pub(super) const HOOKS: [&str; 5] = [
    "tcp_connect",
    "inet_csk_accept",
    "security_sock_graft",
    "btf_trace_inet_sock_set_state",
    "btf_trace_net_dev_queue",
];

/// Backends that were tried in vain, and why.
type Refusals = Vec<(Backend, Refusal)>;

/// Tries the backends that the choice allows until one attaches. Every refusal is kept, in the order of trying.
///
/// # Errors
/// The refusals, where none attaches.
pub(super) fn choose<T>(
    choice: BackendChoice,
    mut attach: impl FnMut(Backend) -> Result<T, Refusal>,
) -> Result<(Backend, T, Refusals), Refusals> {
    let mut refused = Vec::new();
    for backend in Backend::ALL {
        if let BackendChoice::Only(only) = choice
            && only != backend
        {
            continue;
        }
        match attach(backend) {
            Ok(attached) => return Ok((backend, attached, refused)),
            Err(refusal) => refused.push((backend, refusal)),
        }
    }
    Err(refused)
}

/// Attaches one backend's programs. Where this fails half-way, dropping `ebpf` detaches what was attached.
///
/// Returns what the backend cannot see, in words that follow "cannot see".
pub(super) fn attach(
    backend: Backend,
    ebpf: &mut Ebpf,
    btf: &Btf,
    wanted: Wanted,
) -> Result<Option<&'static str>, Refusal> {
    match backend {
        Backend::Fentry => fentry(ebpf, btf, wanted),
        Backend::Kprobe => kprobe(ebpf, btf, wanted),
        Backend::Tracepoint => tracepoint(ebpf, btf, wanted),
    }
}

fn fentry(ebpf: &mut Ebpf, btf: &Btf, wanted: Wanted) -> Result<Option<&'static str>, Refusal> {
    let aya_btf = aya_btf(btf)?;
    if wanted.connects {
        function(btf, "tcp_connect")?;
        fentry_on(ebpf, "fentry_tcp_connect", "tcp_connect", &aya_btf)?;
    }
    if wanted.accepts {
        function(btf, "security_sock_graft")?;
        // The wrong shape attaches as well on some kernels and reads another argument as the socket: BTF decides.
        let listener = match function(btf, "inet_csk_accept")? {
            2 => "fexit_inet_csk_accept_2",
            4 => "fexit_inet_csk_accept_4",
            other => return Err(Refusal::Shape("inet_csk_accept", other)),
        };
        fexit_on(ebpf, listener, "inet_csk_accept", &aya_btf)?;
        fentry_on(ebpf, "fentry_security_sock_graft", "security_sock_graft", &aya_btf)?;
    }
    Ok(None)
}

fn kprobe(ebpf: &mut Ebpf, btf: &Btf, wanted: Wanted) -> Result<Option<&'static str>, Refusal> {
    if !host::has_kprobes() {
        return Err(Refusal::Host("this kernel has no kprobes (CONFIG_KPROBE_EVENTS)".to_owned()));
    }
    if wanted.connects {
        function(btf, "tcp_connect")?;
        kprobe_on(ebpf, "kprobe_tcp_connect", "tcp_connect")?;
    }
    if wanted.accepts {
        function(btf, "security_sock_graft")?;
        kprobe_on(ebpf, "kprobe_security_sock_graft", "security_sock_graft")?;
    }
    Ok(None)
}

fn tracepoint(ebpf: &mut Ebpf, btf: &Btf, wanted: Wanted) -> Result<Option<&'static str>, Refusal> {
    if wanted.connects
        && let Err(refusal) = sock_ops(ebpf)
    {
        log::debug!("no sock_ops on the root of cgroup v2, using inet_sock_set_state: {refusal}");
        state_tracepoints(ebpf, btf)?;
    }
    if !wanted.accepts {
        return Ok(None);
    }
    if let Err(refusal) = syscall_tracepoints(ebpf) {
        log::debug!("no tracepoints of single system calls, using sys_exit: {refusal}");
        sys_exit(ebpf)?;
    }
    Ok(Some("accepts through io_uring, by 32-bit programs or by kernel threads"))
}

/// A part of the tracepoint backend. Of each pair the second stands in where the first is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Connects, by `sock_ops` on the root of cgroup v2.
    SockOps,
    /// Connects, by `inet_sock_set_state` and `net_dev_queue`.
    StateTracepoints,
    /// Accepts, by the exits of the two system calls; needs tracefs.
    SyscallTracepoints,
    /// Accepts, by the exit of every system call.
    SysExit,
}

/// Attaches one part of the tracepoint backend.
pub(super) fn attach_part(part: Part, ebpf: &mut Ebpf, btf: &Btf) -> Result<(), Refusal> {
    match part {
        Part::SockOps => sock_ops(ebpf),
        Part::StateTracepoints => state_tracepoints(ebpf, btf),
        Part::SyscallTracepoints => syscall_tracepoints(ebpf),
        Part::SysExit => sys_exit(ebpf),
    }
}

/// Connects from within `tcp_connect()` itself, where neither fentry nor kprobes are allowed.
fn sock_ops(ebpf: &mut Ebpf) -> Result<(), Refusal> {
    let missing = Capability::missing(&[Capability::NetAdmin]);
    if !missing.is_empty() {
        return Err(Refusal::Capabilities { action: "a sock_ops program", missing });
    }
    let root =
        host::cgroup_root().ok_or_else(|| Refusal::Host("the root of cgroup v2 is not mounted here".to_owned()))?;
    let name = "sock_ops_connect";
    let program: &mut SockOps = program(ebpf, name)?;
    program.load().map_err(|error| Refusal::program(load_of(name), &error))?;
    // A cgroup link allows other programs beside it by itself, and takes no flags.
    program
        .attach(root, CgroupAttachMode::Single)
        .map_err(|error| Refusal::program("attach to the root of cgroup v2", &error))?;
    Ok(())
}

fn state_tracepoints(ebpf: &mut Ebpf, btf: &Btf) -> Result<(), Refusal> {
    let aya_btf = aya_btf(btf)?;
    tp_btf_on(ebpf, "tp_inet_sock_set_state", "inet_sock_set_state", &aya_btf)?;
    tp_btf_on(ebpf, "tp_net_dev_queue", "net_dev_queue", &aya_btf)
}

fn syscall_tracepoints(ebpf: &mut Ebpf) -> Result<(), Refusal> {
    tracefs::with("syscalls/sys_exit_accept4", || {
        for (name, event) in [("tp_sys_exit_accept", "sys_exit_accept"), ("tp_sys_exit_accept4", "sys_exit_accept4")] {
            let program: &mut TracePoint = program(ebpf, name)?;
            program.load().map_err(|error| Refusal::program(load_of(name), &error))?;
            program
                .attach("syscalls", event)
                .map_err(|error| Refusal::program(format_args!("attach to the tracepoint syscalls:{event}"), &error))?;
        }
        Ok(())
    })
}

fn sys_exit(ebpf: &mut Ebpf) -> Result<(), Refusal> {
    let name = "tp_sys_exit";
    let program: &mut RawTracePoint = program(ebpf, name)?;
    program.load().map_err(|error| Refusal::program(load_of(name), &error))?;
    program.attach("sys_exit").map_err(|error| Refusal::program("attach to the tracepoint sys_exit", &error))?;
    Ok(())
}

/// Number of parameters of a function that is about to be hooked.
fn function(btf: &Btf, name: &'static str) -> Result<usize, Refusal> {
    btf.parameters(name).ok_or(Refusal::NoFunction(name))
}

fn load_of(name: &str) -> String {
    format!("load the program {name}")
}

fn attach_to(function: &str) -> String {
    format!("attach to {function}")
}

fn fentry_on(ebpf: &mut Ebpf, name: &'static str, function: &str, btf: &AyaBtf) -> Result<(), Refusal> {
    let program: &mut FEntry = program(ebpf, name)?;
    program.load(function, btf).map_err(|error| Refusal::program(load_of(name), &error))?;
    program.attach().map_err(|error| Refusal::program(attach_to(function), &error))?;
    Ok(())
}

fn fexit_on(ebpf: &mut Ebpf, name: &'static str, function: &str, btf: &AyaBtf) -> Result<(), Refusal> {
    let program: &mut FExit = program(ebpf, name)?;
    program.load(function, btf).map_err(|error| Refusal::program(load_of(name), &error))?;
    program.attach().map_err(|error| Refusal::program(attach_to(function), &error))?;
    Ok(())
}

fn tp_btf_on(ebpf: &mut Ebpf, name: &'static str, tracepoint: &str, btf: &AyaBtf) -> Result<(), Refusal> {
    let program: &mut BtfTracePoint = program(ebpf, name)?;
    program.load(tracepoint, btf).map_err(|error| Refusal::program(load_of(name), &error))?;
    program.attach().map_err(|error| Refusal::program(attach_to(tracepoint), &error))?;
    Ok(())
}

fn kprobe_on(ebpf: &mut Ebpf, name: &'static str, function: &str) -> Result<(), Refusal> {
    let program: &mut KProbe = program(ebpf, name)?;
    program.load().map_err(|error| Refusal::program(load_of(name), &error))?;
    program.attach(function, 0).map_err(|error| Refusal::program(attach_to(function), &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(backend: Backend) -> Refusal {
        Refusal::Host(backend.to_string())
    }

    #[test]
    fn auto_takes_the_first_that_attaches_and_keeps_the_refusals_before_it() {
        let chosen =
            choose(
                BackendChoice::Auto,
                |backend| {
                    if backend == Backend::Tracepoint { Ok(()) } else { Err(refuse(backend)) }
                },
            );
        let (backend, (), refused) = chosen.expect("tracepoint attaches");
        assert_eq!(backend, Backend::Tracepoint);
        let order: Vec<_> = refused.iter().map(|(backend, _)| *backend).collect();
        assert_eq!(order, [Backend::Fentry, Backend::Kprobe]);
    }

    #[test]
    fn auto_stops_at_the_best() {
        let mut tried = Vec::new();
        let chosen = choose(BackendChoice::Auto, |backend| {
            tried.push(backend);
            Ok(())
        });
        assert!(chosen.is_ok_and(|(backend, (), refused)| backend == Backend::Fentry && refused.is_empty()));
        assert_eq!(tried, [Backend::Fentry]);
    }

    #[test]
    fn a_named_backend_is_the_only_one_tried() {
        let refused = choose::<()>(BackendChoice::Only(Backend::Kprobe), |backend| Err(refuse(backend)));
        let tried: Vec<_> = refused.err().into_iter().flatten().map(|(backend, _)| backend).collect();
        assert_eq!(tried, [Backend::Kprobe]);
    }
}
