//! What the kernel allows, by trying it.

use super::report::{Row, THIS};
use crate::host::Namespace;
use crate::kernel::hooks::{self, Way};
use crate::kernel::iterators::{self, IterError};
use crate::kernel::{Obstacle, Trial};
use crate::model::event::Kind;
use crate::model::{Backend, Remedy};

/// The result of each attempt.
pub(super) struct Attempts {
    btf: Result<(), Failed>,
    ring_buffer: Result<(), Failed>,
    /// In the order in which a trace prefers them. One that works says what it cannot see.
    backends: [(Backend, Result<Option<&'static str>, Failed>); 3],
    /// The two ways to see connects, then the two to see accepts. A trace uses the first that attaches.
    ways: [[Result<(), Failed>; 2]; 2],
    iterators: Result<(), Failed>,
}

/// Why something did not work.
#[derive(Clone, Debug)]
struct Failed {
    reason: String,
    /// What to do, where the reason tells. Otherwise it depends on what was tried.
    fix: Option<Remedy>,
}

impl Failed {
    fn of(obstacle: &Obstacle) -> Self {
        log::debug!("{}", obstacle.detail());
        let fix = match obstacle {
            Obstacle::Kernel { cause: None, .. }
            | Obstacle::Offsets(_)
            | Obstacle::NoFunction(_)
            | Obstacle::Shape(..)
            | Obstacle::Host(_) => None,
            _ => Some(obstacle.remedy(THIS)),
        };
        Self { reason: obstacle.to_string(), fix }
    }
}

/// The ways of the tracepoint backend to see this kind of event: the better one, and the one that is used instead.
fn ways(kind: Kind) -> [&'static Way; 2] {
    let mut ways = hooks::ways(Backend::Tracepoint, kind);
    [(); 2].map(|()| ways.next().expect("the table has two for each kind"))
}

impl Attempts {
    pub(super) fn make() -> Self {
        match Trial::new() {
            Ok(trial) => Self::with(&trial),
            Err(obstacle) => Self::without_btf(&Failed::of(&obstacle)),
        }
    }

    fn with(trial: &Trial) -> Self {
        let failed = |obstacle| Failed::of(&obstacle);
        Self {
            btf: Ok(()),
            ring_buffer: trial.ring_buffer().map_err(failed),
            backends: Backend::ALL.map(|backend| (backend, trial.backend(backend).map_err(failed))),
            ways: Kind::ALL.map(|kind| ways(kind).map(|way| trial.way(way).map_err(failed))),
            iterators: iterators(),
        }
    }

    /// The programs read the kernel's structs as its BTF describes them: without it none can be tried.
    fn without_btf(failure: &Failed) -> Self {
        let untried = || Failed { reason: "cannot be tried without BTF".to_owned(), fix: failure.fix.clone() };
        Self {
            btf: Err(failure.clone()),
            ring_buffer: Err(untried()),
            backends: Backend::ALL.map(|backend| (backend, Err(untried()))),
            ways: [(); 2].map(|()| [(); 2].map(|()| Err(untried()))),
            iterators: Err(untried()),
        }
    }

    /// The backend that a trace would use, and what it cannot see.
    pub(super) fn best(&self) -> Option<(Backend, Option<&'static str>)> {
        self.backends.iter().find_map(|(backend, result)| Some((*backend, *result.as_ref().ok()?)))
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let [[sock_ops, states], [syscalls, any_syscall]] = &self.ways;
        let mut rows = vec![
            self.tracing(),
            row("BTF", &self.btf, "the kernel describes its types"),
            row("ring buffer", &self.ring_buffer, "created"),
        ];
        rows.extend(self.backends.iter().map(|(backend, result)| self.backend(*backend, result.as_ref().copied())));
        rows.push(with_stand_in(
            row("sock_ops", sock_ops, "connects are seen within tcp_connect()"),
            "the tracepoints inet_sock_set_state and net_dev_queue are used instead",
            states.is_ok(),
        ));
        rows.push(with_stand_in(
            row("tracefs", syscalls, "accepts are seen at the exits of two system calls"),
            "the exit of every system call is used instead, at some cost",
            any_syscall.is_ok(),
        ));
        rows.push(with_stand_in(
            row("iterators", &self.iterators, "list and explain use them"),
            "sock_diag and /proc are used instead: slower, V6ONLY of listeners only, owners that this user may see only",
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
            // The last backend needs the least.
            (None, Err(failure)) => {
                Row::no(check, failure.reason.clone(), failure.fix.clone().unwrap_or_else(no_backend))
            }
            (None, Ok(_)) => unreachable!("a backend that works is the best there is"),
        }
    }

    fn backend(&self, backend: Backend, result: Result<Option<&'static str>, &Failed>) -> Row {
        let check = backend.as_str();
        let needs = match backend {
            Backend::Fentry => no_fentry,
            Backend::Kprobe | Backend::Tracepoint => old_kernel,
        };
        match (result, self.best()) {
            (Ok(None), _) => Row::yes(check, "attached"),
            (Ok(Some(blind_spot)), _) => Row::yes(check, format!("attached; cannot see {blind_spot}")),
            (Err(failure), best) => {
                let mut fix = failure.fix.clone().unwrap_or_else(needs);
                if let Some((best, _)) = best {
                    fix.how = format!("not needed, because {best} works; otherwise: {}", fix.how);
                }
                Row::no(check, failure.reason.clone(), fix)
            }
        }
    }
}

fn old_kernel() -> Remedy {
    Remedy::new("use a kernel of 5.10 or later whose policy allows BPF", "uname -r")
}

fn no_backend() -> Remedy {
    Remedy::new("see the rows of the backends, and what the verifier says", "sudo sockwhy doctor -v")
}

fn no_fentry() -> Remedy {
    Remedy::new(
        "use a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y and no policy against it",
        "grep FTRACE /boot/config-$(uname -r)",
    )
}

fn row(check: &'static str, result: &Result<(), Failed>, found: &str) -> Row {
    match result {
        Ok(()) => Row::yes(check, found),
        Err(failure) => Row::no(check, failure.reason.clone(), failure.fix.clone().unwrap_or_else(old_kernel)),
    }
}

/// Lists the sockets of this network namespace.
fn iterators() -> Result<(), Failed> {
    let own = Namespace::own().map_err(IterError::Io);
    match own.and_then(|own| iterators::read(&[own])) {
        Ok(_) => Ok(()),
        Err(IterError::Obstacle(obstacle)) => Err(Failed::of(&obstacle)),
        Err(IterError::Io(error)) => Err(Failed { reason: error.to_string(), fix: None }),
    }
}

/// A row is "partly" where something else is used instead.
fn with_stand_in(row: Row, stand_in: &str, works: bool) -> Row {
    match row {
        Row { ok: Some(false), detail, fix, check } if works => {
            Row { check, ok: None, detail: format!("{detail}; {stand_in}"), fix }
        }
        row => row,
    }
}
