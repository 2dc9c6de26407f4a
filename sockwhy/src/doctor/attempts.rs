//! What the kernel allows, by trying it.

use super::{MOUNT_CGROUP, Row};
use crate::{
    kernel::{
        Part, Probe, Refusal,
        sockets::{self, IterError},
    },
    netns::Namespace,
    plan::Backend,
};

/// What trying each thing gave.
pub(super) struct Attempts {
    btf: Result<(), Failure>,
    ring_buffer: Result<(), Failure>,
    /// In the order in which a trace prefers them; what works says what it cannot see.
    backends: [(Backend, Result<Option<&'static str>, Failure>); 3],
    sock_ops: Result<(), Failure>,
    state_tracepoints: Result<(), Failure>,
    syscall_tracepoints: Result<(), Failure>,
    sys_exit: Result<(), Failure>,
    iterators: Result<(), Failure>,
}

/// Why something did not work.
#[derive(Clone, Debug)]
struct Failure {
    reason: String,
    /// What to do, where the reason tells; else it depends on what was tried.
    fix: Option<String>,
}

/// How to call this command again, for remedies that end with a command.
const THIS: &str = "sockwhy doctor";

impl Failure {
    fn of(refusal: &Refusal) -> Self {
        log::debug!("{}", refusal.detail());
        let fix = match refusal {
            Refusal::Btf(_) | Refusal::Capabilities { .. } => Some(refusal.remedy(THIS)),
            _ => None,
        };
        Self { reason: refusal.to_string(), fix }
    }
}

impl Attempts {
    pub(super) fn make() -> Self {
        match Probe::new() {
            Ok(probe) => Self::with(&probe),
            Err(refusal) => Self::without_btf(&Failure::of(&refusal)),
        }
    }

    fn with(probe: &Probe) -> Self {
        let backend = |backend| (backend, probe.backend(backend).map_err(|refusal| Failure::of(&refusal)));
        let part = |part| probe.part(part).map_err(|refusal| Failure::of(&refusal));
        Self {
            btf: Ok(()),
            ring_buffer: probe.ring_buffer().map_err(|refusal| Failure::of(&refusal)),
            backends: Backend::ALL.map(backend),
            sock_ops: part(Part::SockOps),
            state_tracepoints: part(Part::StateTracepoints),
            syscall_tracepoints: part(Part::SyscallTracepoints),
            sys_exit: part(Part::SysExit),
            iterators: iterators(),
        }
    }

    /// The programs read the kernel's structs as its BTF describes them: without it none can be tried.
    fn without_btf(failure: &Failure) -> Self {
        let untried = || Failure { reason: "cannot be tried without BTF".to_owned(), fix: failure.fix.clone() };
        Self {
            btf: Err(failure.clone()),
            ring_buffer: Err(untried()),
            backends: Backend::ALL.map(|backend| (backend, Err(untried()))),
            sock_ops: Err(untried()),
            state_tracepoints: Err(untried()),
            syscall_tracepoints: Err(untried()),
            sys_exit: Err(untried()),
            iterators: Err(untried()),
        }
    }

    /// The backend that a trace would use, and what it cannot see.
    pub(super) fn best(&self) -> Option<(Backend, Option<&'static str>)> {
        self.backends.iter().find_map(|(backend, result)| Some((*backend, *result.as_ref().ok()?)))
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            self.tracing(),
            row("BTF", &self.btf, "the kernel describes its types", NO_BTF),
            row("ring buffer", &self.ring_buffer, "created", OLD_KERNEL),
        ];
        rows.extend(self.backends.iter().map(|(backend, result)| self.backend(*backend, result.as_ref().copied())));
        rows.push(with_stand_in(
            row("sock_ops", &self.sock_ops, "connects are seen within tcp_connect()", MOUNT_CGROUP),
            "the tracepoints inet_sock_set_state and net_dev_queue do for it",
            self.state_tracepoints.is_ok(),
        ));
        rows.push(with_stand_in(
            row("tracefs", &self.syscall_tracepoints, "accepts are seen at the exits of two system calls", NO_TRACEFS),
            "the exit of every system call does for it, at some cost",
            self.sys_exit.is_ok(),
        ));
        rows.push(with_stand_in(
            row("iterators", &self.iterators, "list and explain read everything through them", OLD_KERNEL),
            "sock_diag and /proc do for them: slower, V6ONLY of listeners only, owners as far as this user may look",
            true,
        ));
        rows
    }

    fn tracing(&self) -> Row {
        let check = "tracing";
        match (self.best(), &self.backends[self.backends.len() - 1].1) {
            (Some((backend, None)), _) => Row::yes(check, format!("works, with the {backend} backend")),
            (Some((backend, Some(blind_spot))), _) => {
                Row::yes(check, format!("works, with the {backend} backend, which cannot see {blind_spot}"))
            }
            // The last asks for the least.
            (None, Err(failure)) => {
                Row::no(check, failure.reason.clone(), failure.fix.as_deref().unwrap_or(NO_BACKEND))
            }
            (None, Ok(_)) => unreachable!("a backend that works is the best there is"),
        }
    }

    fn backend(&self, backend: Backend, result: Result<Option<&'static str>, &Failure>) -> Row {
        let (check, needs) = match backend {
            Backend::Fentry => ("fentry", NO_FENTRY),
            Backend::Kprobe => ("kprobe", NO_KPROBE),
            Backend::Tracepoint => ("tracepoint", OLD_KERNEL),
        };
        match (result, self.best()) {
            (Ok(None), _) => Row::yes(check, "attached"),
            (Ok(Some(blind_spot)), _) => Row::yes(check, format!("attached; cannot see {blind_spot}")),
            (Err(failure), Some((best, _))) => {
                let fix = failure.fix.as_deref().unwrap_or(needs);
                Row::no(check, failure.reason.clone(), format!("not needed, as {best} works; else: {fix}"))
            }
            (Err(failure), None) => Row::no(check, failure.reason.clone(), failure.fix.as_deref().unwrap_or(needs)),
        }
    }
}

const NO_BTF: &str = "use a kernel with CONFIG_DEBUG_INFO_BTF=y: grep BTF /boot/config-$(uname -r)";
const OLD_KERNEL: &str = "use a kernel of 5.10 or later whose policy allows BPF: uname -r";
const NO_BACKEND: &str = "see the rows of the backends; what the verifier says: sudo sockwhy doctor -v";
const NO_FENTRY: &str = "use a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y and no policy against it: \
    grep FTRACE /boot/config-$(uname -r)";
const NO_KPROBE: &str = "use a kernel with CONFIG_KPROBE_EVENTS=y: grep KPROBE /boot/config-$(uname -r)";
const NO_TRACEFS: &str = "mount it: sudo mount -t tracefs tracefs /sys/kernel/tracing";

fn row(check: &'static str, result: &Result<(), Failure>, found: &str, fix: &str) -> Row {
    match result {
        Ok(()) => Row::yes(check, found),
        Err(failure) => Row::no(check, failure.reason.clone(), failure.fix.as_deref().unwrap_or(fix)),
    }
}

/// Lists the sockets of this network namespace.
fn iterators() -> Result<(), Failure> {
    let own = Namespace::own().map_err(IterError::Io);
    match own.and_then(|own| sockets::read(&[own])) {
        Ok(_) => Ok(()),
        Err(IterError::Refused(refusal)) => Err(Failure::of(&refusal)),
        Err(IterError::Io(error)) => Err(Failure { reason: error.to_string(), fix: None }),
    }
}

/// A part whose work another can do is not quite missing.
fn with_stand_in(row: Row, stand_in: &str, works: bool) -> Row {
    match row {
        Row { ok: Some(false), detail, fix, check } if works => {
            Row { check, ok: None, detail: format!("{detail}; {stand_in}"), fix }
        }
        row => row,
    }
}
