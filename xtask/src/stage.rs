//! The steps of a longer task: each one says when it starts, how long it took, and whether it failed.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::command::progress;

/// Runs `work` under this name. Its error then names the stage.
pub(crate) fn stage<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    progress(format_args!("{name} …"));
    let start = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done in" } else { "failed after" };
    progress(format_args!("{name}: {outcome} {:.1} s", start.elapsed().as_secs_f64()));
    result.with_context(|| name.to_owned())
}
