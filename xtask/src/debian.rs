//! Packages of any Debian suite, downloaded without installing them or touching the machine's own apt.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::command::{output, run};

/// The archive's keys, of the package debian-archive-keyring.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Downloads `package` as of `upstream` (the version before Debian's own suffixes) from `suite` into `folder`.
pub(crate) fn download(package: &str, suite: &str, upstream: &str, folder: &Path) -> Result<PathBuf> {
    let apt = Apt::new(suite, folder)?;
    run(apt.command("apt-get").arg("update"))?;
    let offered = output(apt.command("apt-cache").args(["madison", package]))?;
    let Some(version) = offered.lines().filter_map(madison_version).find(|version| is_upstream(version, upstream))
    else {
        bail!("Debian's {suite} has no {package} {upstream}");
    };
    run(apt.command("apt-get").args(["download", &format!("{package}={version}")]).current_dir(folder))?;
    fs::remove_dir_all(&apt.state)?;
    fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get left no package in {}", folder.display()))
}

/// Unpacks the files of `package` below `folder`.
pub(crate) fn unpack(package: &Path, folder: &Path) -> Result<()> {
    run(Command::new("dpkg-deb").arg("--extract").args([package, folder]))
}

/// An apt that knows one suite, with a state of its own.
struct Apt {
    state: PathBuf,
}

impl Apt {
    fn new(suite: &str, folder: &Path) -> Result<Self> {
        let state = folder.join("apt");
        for name in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(state.join(name))?;
        }
        let list = format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror()?);
        fs::write(state.join("sources.list"), list)?;
        let at = state.display();
        // "-" is apt's word for no folder. The user `_apt` need not be able to reach the clone. By default apt takes a
        // mirror that does not answer for one that has nothing new.
        let configuration = format!(
            r#"Dir::State::lists "{at}/lists";
            Dir::Cache "{at}/cache";
            Dir::Etc::sourcelist "{at}/sources.list";
            Dir::Etc::sourceparts "-";
            APT::Sandbox::User "root";
            APT::Update::Error-Mode "any";
            "#
        );
        fs::write(state.join("apt.conf"), configuration)?;
        Ok(Self { state })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("--quiet").env("APT_CONFIG", self.state.join("apt.conf"));
        command
    }
}

/// The mirror that this machine's own apt uses for Debian's main archive.
fn mirror() -> Result<String> {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--no-release-info",
        "--format",
        "$(RELEASE) $(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    targets
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(suite, _)| !suite.contains("security"))
        .map(|(_, uri)| uri.to_owned())
        .context("apt has no sources, so there is no mirror to ask")
}

/// The version in a line `package | version | where` of `apt-cache madison`.
fn madison_version(line: &str) -> Option<&str> {
    line.split('|').nth(1).map(str::trim)
}

/// Whether the Debian version is `upstream`, repacked or not: `1.95.0+dfsg1-2~bpo13+1` and `1.95.0-1` are 1.95.0.
fn is_upstream(version: &str, upstream: &str) -> bool {
    version.strip_prefix(upstream).is_some_and(|rest| rest.starts_with(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn madison_lines_hold_versions() {
        let line =
            "  rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages";
        assert_eq!(madison_version(line), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(madison_version("N: nothing"), None);
    }

    #[test]
    fn only_the_same_release_matches() {
        for version in ["1.95.0+dfsg1-2~bpo13+1", "1.95.0-1"] {
            assert!(is_upstream(version, "1.95.0"), "{version}");
        }
        for version in ["1.95.01-1", "1.95.0~rc1-1", "1.95.1-1", "1.96.0-1", "11.95.0-1", "1.95.0"] {
            assert!(!is_upstream(version, "1.95.0"), "{version}");
        }
    }
}
