//! The tests, each named for the behaviour that it holds sockwhy to.

mod accepts;
mod attempts;
mod documents;
mod ending;
mod equivalence;
mod fallbacks;
mod fast_open;
mod filters;
mod hosts;
mod jvm;
mod mixture;
mod mptcp;
mod names;
mod namespaces;
mod outcomes;
mod output;
mod privileges;
mod sessions;

mod silence;
mod storm;
mod uring;
mod usage;

use crate::backend::Backend;
use crate::outcome::Outcome;
use crate::session::Session;

/// One test.
pub(crate) struct Scenario {
    /// Its module and its own name: `mixture::dual_stack_listener`.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Session) -> Outcome,
}

/// Lists functions of a module as its scenarios.
macro_rules! scenarios {
    ($($function:ident),* $(,)?) => {
        /// The tests of this module.
        pub(super) const SCENARIOS: &[crate::scenarios::Scenario] = &[$(
            crate::scenarios::Scenario {
                name: {
                    // Without `acceptance::scenarios::`.
                    let name = concat!(module_path!(), "::", stringify!($function));
                    name.split_at("acceptance::scenarios::".len()).1
                },
                run: $function,
            },
        )*];
    };
}
use scenarios;

/// Those for a backend, in the order in which they run.
pub(crate) fn of(backend: Backend) -> impl Iterator<Item = &'static Scenario> {
    let modules = [
        mixture::SCENARIOS,
        attempts::SCENARIOS,
        accepts::SCENARIOS,
        silence::SCENARIOS,
        fast_open::SCENARIOS,
        mptcp::SCENARIOS,
        uring::SCENARIOS,
        jvm::SCENARIOS,
        names::SCENARIOS,
        namespaces::SCENARIOS,
        filters::SCENARIOS,
        outcomes::SCENARIOS,
        ending::SCENARIOS,
        output::SCENARIOS,
        usage::SCENARIOS,
        hosts::SCENARIOS,
        privileges::SCENARIOS,
        equivalence::SCENARIOS,
        storm::SCENARIOS,
        // Every kernel has it, and one of them is enough.
        if backend == Backend::Tracepoint { documents::SCENARIOS } else { &[] },
        if backend == Backend::Tracepoint { sessions::SCENARIOS } else { &[] },
        if backend == Backend::Tracepoint { fallbacks::SCENARIOS } else { &[] },
    ];
    modules.into_iter().flatten()
}
