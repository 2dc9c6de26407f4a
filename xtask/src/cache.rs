//! Folders under `target/` whose content is costly to make.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Fills `folder` by `make`. The content is made under another name and renamed when it is complete, so that an
/// interrupted run leaves nothing that looks complete.
pub(crate) fn install(folder: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let partial = folder.with_added_extension("partial");
    for leftover in [partial.as_path(), folder] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).with_context(|| format!("cannot remove {}", leftover.display()))?;
        }
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot create {}", partial.display()))?;
    make(&partial)?;
    fs::rename(&partial, folder).with_context(|| format!("cannot rename {}", partial.display()))
}
