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
    backends: [(Backend, Result<Option<String>, Failed>); 3],
    /// The ways of the tracepoint backend to see each kind of event. A trace uses the first that attaches.
    ways: Ways<Result<(), Failed>>,
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

/// Ways by kind of event, each with its name and what trying it has shown.
type Ways<T> = [(Kind, Vec<(&'static str, T)>); Kind::ALL.len()];

/// The ways of the tracepoint backend.
fn ways<T>(attempt: impl Fn(&Way) -> T) -> Ways<T> {
    Kind::ALL.map(|kind| (kind, hooks::ways(Backend::Tracepoint, kind).map(|way| (way.name, attempt(way))).collect()))
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
            ways: ways(|way| trial.way(way).map_err(failed)),
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
            ways: ways(|_| Err(untried())),
            iterators: Err(untried()),
        }
    }

    /// The backend that a trace would use, and what it cannot see.
    pub(super) fn best(&self) -> Option<(Backend, Option<&str>)> {
        self.backends.iter().find_map(|(backend, result)| Some((*backend, result.as_ref().ok()?.as_deref())))
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            self.tracing(),
            row("BTF", &self.btf, "the kernel describes its types"),
            row("ring buffer", &self.ring_buffer, "created"),
        ];
        rows.extend(self.backends.iter().map(|(backend, result)| self.backend(*backend, result.as_ref())));
        rows.extend(self.ways.iter().filter_map(|(kind, ways)| {
            let ((_, best), others) = ways.split_first()?;
            let row = match kind {
                Kind::Connect => row("sock_ops", best, "connects are seen within tcp_connect()"),
                Kind::Accept => row("tracefs", best, "accepts are seen at the exits of two system calls"),
            };
            let stand_in = others.iter().find(|(_, result)| result.is_ok());
            Some(with_stand_in(row, stand_in.map(|(name, _)| *name)))
        }));
        rows.push(with_stand_in(
            row("iterators", &self.iterators, "list and explain use them"),
            Some(
                "sock_diag and /proc: slower, V6ONLY is known only for listeners, owners only where this user may see them",
            ),
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

    fn backend(&self, backend: Backend, result: Result<&Option<String>, &Failed>) -> Row {
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
fn with_stand_in(row: Row, stand_in: Option<&str>) -> Row {
    match (row, stand_in) {
        (Row { ok: Some(false), detail, fix, check }, Some(stand_in)) => {
            Row { check, ok: None, detail: format!("{detail}; used instead: {stand_in}"), fix }
        }
        (row, _) => row,
    }
}
