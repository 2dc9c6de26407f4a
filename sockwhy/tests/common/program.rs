//! The program under test, and copies that everybody may run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io};

/// The user `nobody`.
pub(crate) const NOBODY: u32 = 65_534;

/// The program that `SOCKWHY_BIN` names, or else the one that cargo built.
pub(crate) fn program() -> PathBuf {
    env::var_os("SOCKWHY_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_sockwhy")), PathBuf::from)
}

/// A copy of a program that everybody may run. It is removed when this is dropped.
pub(crate) struct Copy {
    folder: PathBuf,
    program: PathBuf,
}

impl Copy {
    pub(crate) fn of(original: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("sockwhy-copy-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let copy = Self { program: folder.join("program"), folder };
        fs::copy(original, &copy.program)?;
        for path in [&copy.folder, &copy.program] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(copy)
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}
