//! The backends of sockwhy, and what each is known not to see.

use std::str::FromStr;
use std::{env, fmt};

use serde_json::Value;

use crate::enter::Enter;
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::said::Said;
use crate::trace::Trace;

/// A way in which sockwhy hooks into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Fentry,
    Kprobe,
    Tracepoint,
}

impl Backend {
    /// In the order in which `--backend auto` prefers them.
    pub(crate) const ALL: [Self; 3] = [Self::Fentry, Self::Kprobe, Self::Tracepoint];

    /// The backends to test, and whether each must work here: the one that `SOCKWHY_BACKEND` names, as `SOCKWHY_EXPECT`
    /// says, or else every one, as `sockwhy doctor` says.
    pub(crate) fn under_test() -> Outcome<Vec<(Self, bool)>> {
        if let Ok(name) = env::var("SOCKWHY_BACKEND") {
            let works = env::var_os("SOCKWHY_EXPECT").is_none_or(|expected| expected != "no");
            return Ok(vec![(name.parse().expect("SOCKWHY_BACKEND names a backend"), works)]);
        }
        let doctor = doctor()?;
        if doctor.iter().all(|(_, works)| !works) {
            return Err(Stop::failed(
                "no backend works here, so nothing can be tested; see what this host allows: sudo sockwhy doctor",
            ));
        }
        Ok(doctor)
    }

    /// Whether it starts.
    pub(crate) fn is_available(self) -> bool {
        Trace::new(self).start().is_ok()
    }

    /// Whether it sees accepts by `io_uring`. Those do not pass the exits of system calls.
    pub(crate) fn sees_uring_accept(self) -> bool {
        self != Self::Tracepoint
    }

    /// Whether it can make the kernel assign a cookie. kprobes may not, tracing programs may from 5.12 on.
    pub(crate) fn tells_cookie(self) -> bool {
        match self {
            Self::Fentry => host::kernel() >= (5, 12),
            Self::Kprobe => false,
            Self::Tracepoint => true,
        }
    }

    /// Whether it always knows the listener of an accept (except of accepts that were blocked before the trace began).
    pub(crate) fn knows_listener(self) -> bool {
        self != Self::Kprobe
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
        })
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|backend| backend.to_string() == name).ok_or_else(|| format!("no backend {name}"))
    }
}

/// Each backend, and whether it works here according to `sockwhy doctor`.
fn doctor() -> Outcome<Vec<(Backend, bool)>> {
    let said = Said::by_sockwhy(&Enter::default(), &program(), &["doctor", "-o", "json"])?;
    let rows: Vec<Value> = said.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let row = |backend: Backend| rows.iter().find(|row| row["check"] == backend.to_string());
    let works = |backend| {
        let row = row(backend).ok_or_else(|| Stop::failed(format!("doctor has no row {backend}: {said:?}")))?;
        Ok((backend, row["ok"] == true))
    };
    Backend::ALL.into_iter().map(works).collect()
}

/// A backend that must not work here refuses to trace, and says why.
pub(crate) fn refuses(backend: Backend) -> Outcome {
    let Err(refusal) = Trace::new(backend).start() else {
        return Err(Stop::failed(format!("{backend} works here, but it is expected to refuse")));
    };
    assert_eq!(refusal.code, Some(3), "{refusal}");
    assert!(refusal.stderr.contains(&backend.to_string()), "{refusal}");
    Ok(())
}
