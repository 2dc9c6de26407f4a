//! The programs of the table, a few to a file, and how to start them.

mod databases;
mod dns;
mod files;
mod go;
mod java;
mod languages;
mod mail;
mod messaging;
mod proxies;
mod python;
mod system;
mod tools;
mod web;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub(crate) use self::java::java;
pub(crate) use self::web::nginx;
use crate::outcome::{Outcome, Stop};
use crate::server::Folder;
use crate::table::Case;

static TABLES: &[&[Case]] = &[
    web::CASES,
    proxies::CASES,
    databases::CASES,
    messaging::CASES,
    mail::CASES,
    dns::CASES,
    files::CASES,
    system::CASES,
    tools::CASES,
    java::CASES,
    python::CASES,
    go::CASES,
    languages::CASES,
];

/// Every program that is tried.
pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}

/// A command in words, followed by arguments. `FOLDER` stands for the folder.
fn command(folder: &Folder, line: &str, arguments: &[&str]) -> Command {
    let line = line.replace("FOLDER", &folder.path().display().to_string());
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).args(arguments);
    command
}

/// A command with a configuration, which it finds at `FOLDER/conf`; there `LINES` stands for lines of a test's own.
fn configured(folder: &Folder, line: &str, configuration: &str, lines: &[&str]) -> Outcome<Command> {
    let configuration = configuration.replace("FOLDER", &folder.path().display().to_string());
    // A line that does not end is none to HAProxy.
    folder.file("conf", &(configuration.replace("LINES", &lines.join("\n")) + "\n"))?;
    Ok(command(folder, line, &[]))
}

/// Lets another user write to a folder within the folder, which is made.
fn folder_of(user: &str, folder: &Folder, name: &str) -> Outcome {
    let path = folder.path().join(name);
    fs::create_dir_all(&path)?;
    run(Command::new("chown").arg(user).arg(path))
}

/// A source among the tests.
fn source(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/runtimes/programs").join(name)
}

/// Where what is compiled stays from one run to the next.
fn compiled() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Outcome {
    let done = command.output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(Stop::failed(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr))))
}
