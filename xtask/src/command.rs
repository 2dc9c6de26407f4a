//! Running other programs, and showing progress.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Error, Result, anyhow, bail};
use indicatif::MultiProgress;

/// Lines at the bottom of the terminal that change in place.
pub(crate) static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Says on stderr what happens next. For steps that may take more than two seconds.
pub(crate) fn progress(what: impl Display) {
    BARS.suspend(|| eprintln!("xtask: {what}"));
}

/// Runs `command` with this program's stdin, stdout and stderr. Any exit code but 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs `command` and returns what it wrote to stdout. Its stderr is shown where it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if !status.success() {
        bail!("`{}` failed ({status}): {}", line(command), String::from_utf8_lossy(&stderr).trim());
    }
    String::from_utf8(stdout).with_context(|| format!("`{}` wrote something that is not UTF-8", line(command)))
}

fn cannot_start(command: &Command, error: &io::Error) -> Error {
    let program = command.get_program().display();
    if error.kind() == io::ErrorKind::NotFound {
        anyhow!("cannot run `{}`: there is no program {program}", line(command))
    } else {
        anyhow!("cannot run `{}`: {error}", line(command))
    }
}

/// The command as it would be typed, without its environment.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = [name].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
