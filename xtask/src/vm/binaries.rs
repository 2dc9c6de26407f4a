//! The programs that run inside the guests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use super::kernel::OTHER_TESTS;
use crate::command::{output, progress};
use crate::debian::Suite;
use crate::toolchain::pristine_cargo;
use crate::{cache, paths};

/// A Linux with one program for all of a shell's usual commands, which needs no library.
const BUSYBOX_SUITE: &str = "trixie";
const BUSYBOX_VERSION: &str = "1:1.37.0";

/// The programs' contents.
pub(crate) struct Binaries {
    pub(crate) busybox: Vec<u8>,
    pub(crate) sockwhy: Vec<u8>,
    /// sockwhy's integration tests, by name.
    pub(crate) tests: Vec<(&'static str, Vec<u8>)>,
}

impl Binaries {
    /// Builds and downloads what is not there yet.
    pub(crate) fn prepare() -> Result<Self> {
        progress("building sockwhy and its tests for the guests");
        let names = ["acceptance"].into_iter().chain(OTHER_TESTS);
        let mut targets = vec!["--package=sockwhy", "--bin=sockwhy"];
        targets.extend(names.clone().flat_map(|name| ["--test", name]));
        let messages = build(&targets)?;
        let program = |name| read(&executable(&messages, name)?);
        Ok(Self {
            busybox: busybox()?,
            sockwhy: program("sockwhy")?,
            tests: names.map(|name| Ok((name, program(name)?))).collect::<Result<_>>()?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The shell of every guest, downloaded if it is not there.
pub(crate) fn busybox() -> Result<Vec<u8>> {
    let folder = paths::vm().join("busybox");
    if !folder.exists() {
        let unpack = |partial: &Path| Suite::open(BUSYBOX_SUITE)?.unpack("busybox-static", BUSYBOX_VERSION, partial);
        cache::install(&folder, unpack).context("cannot get the guests' busybox")?;
    }
    read(&folder.join("usr/bin/busybox"))
}

/// Builds programs of this repository, linked statically, and returns cargo's messages.
pub(crate) fn build(targets: &[&str]) -> Result<String> {
    output(
        pristine_cargo()
            .args(["build", "--release"])
            .args(targets)
            // With a target named, the flags below are for the programs alone and not for build scripts.
            .args(["--target=x86_64-unknown-linux-gnu", "--message-format=json-render-diagnostics"])
            .arg("--target-dir")
            .arg(paths::vm().join("build"))
            .env("RUSTFLAGS", "-C target-feature=+crt-static")
            .stderr(Stdio::inherit()),
    )
}

/// The program of the target `name` in cargo's messages, one JSON object a line.
pub(crate) fn executable(messages: &str, name: &str) -> Result<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|message| message["target"]["name"] == name && message["executable"].is_string())
        .and_then(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"sockwhy","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"sockwhy","kind":["bin"]},"executable":"/build/sockwhy"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(executable(messages, "sockwhy").ok(), Some("/build/sockwhy".into()));
        assert!(executable(messages, "acceptance").is_err());
    }
}
