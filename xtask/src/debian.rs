//! Packages of any Debian suite, downloaded without installing them or touching the machine's own apt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{output, progress, run};
use crate::paths;

/// The archive's keys.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A configuration of apt that knows only one suite. `STATE` stands for the folder of its state.
const CONFIGURATION: &str = r#"
Dir::State "STATE";
// What is installed on this machine does not belong to the suite.
Dir::State::status "STATE/status";
Dir::Cache "STATE";
Dir::Etc::sourcelist "STATE/sources.list";
// "-" is apt's word for none.
Dir::Etc::sourceparts "-";
// The descriptions for graphical installers, a third of the index.
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
// By default apt succeeds where a mirror does not answer, and keeps the old index.
APT::Update::Error-Mode "any";
// The user `_apt` need not be able to reach the clone.
APT::Sandbox::User "root";
"#;

/// A suite (`trixie`, `trixie-backports`) through an apt that knows no other, with a state of its own.
pub(crate) struct Suite {
    name: String,
    state: PathBuf,
}

/// Looks into the suites of these names, in this order, until `get` succeeds with one. Where it fails with all, the
/// error holds all of its errors.
pub(crate) fn first<T>(suites: &[&str], get: impl Fn(&str) -> Result<T>) -> Result<T> {
    let mut errors = Vec::new();
    for suite in suites {
        match get(suite) {
            Ok(found) => return Ok(found),
            Err(error) => errors.push(format!("{error:#}")),
        }
    }
    bail!(errors.join("; "))
}

impl Suite {
    /// Fetches the suite's index.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let suite = Self { name: name.to_owned(), state: paths::apt().join(name) };
        progress(format_args!("fetching the package index of Debian's {name}"));
        for folder in ["lists/partial", "archives/partial"] {
            let folder = suite.state.join(folder);
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let source = format!("deb [signed-by={KEYRING}] {} {name} main\n", mirror()?);
        let configuration = CONFIGURATION.replace("STATE", &suite.state.to_string_lossy());
        for (file, text) in [("sources.list", source.as_str()), ("apt.conf", &configuration), ("status", "")] {
            let file = suite.state.join(file);
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        output(suite.command("apt-get").arg("update")).with_context(|| format!("cannot read Debian's {name}"))?;
        Ok(suite)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The names of the packages that begin with `prefix`.
    pub(crate) fn packages(&self, prefix: &str) -> Result<Vec<String>> {
        let names = output(self.command("apt-cache").args(["pkgnames", prefix]))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// The names of the packages that `package` depends on, directly or not, and its own.
    pub(crate) fn dependencies(&self, package: &str) -> Result<Vec<String>> {
        let tree = output(self.command("apt-cache").args(["depends", "--recurse", "--important", package]))?;
        Ok(tree.lines().filter(|line| is_package(line)).map(str::to_owned).collect())
    }

    /// Downloads `package` of a version that begins with `version` (see [`is_version`]), and unpacks it below `folder`.
    pub(crate) fn unpack(&self, package: &str, version: &str, folder: &Path) -> Result<()> {
        let versions = self.versions(package)?;
        let Some(exact) = versions.iter().find(|offer| is_version(offer, version)) else {
            let others = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
            bail!("Debian's {} has no {package} {version} (it has {others})", self.name);
        };
        self.unpack_exact(package, exact, folder)
    }

    /// The same for the newest version, which it returns.
    pub(crate) fn unpack_newest(&self, package: &str, folder: &Path) -> Result<String> {
        let Some(newest) = self.versions(package)?.into_iter().next() else {
            bail!("Debian's {} has no {package}", self.name);
        };
        self.unpack_exact(package, &newest, folder)?;
        Ok(newest)
    }

    /// The versions of a package, newest first.
    fn versions(&self, package: &str) -> Result<Vec<String>> {
        let offered = output(self.command("apt-cache").args(["madison", package]))?;
        Ok(offered.lines().filter_map(madison_version).map(str::to_owned).collect())
    }

    fn unpack_exact(&self, package: &str, exact: &str, folder: &Path) -> Result<()> {
        progress(format_args!("downloading {package} {exact}"));
        let download = self.state.join("download");
        if download.exists() {
            fs::remove_dir_all(&download).with_context(|| format!("cannot remove {}", download.display()))?;
        }
        fs::create_dir(&download).with_context(|| format!("cannot create {}", download.display()))?;
        output(self.command("apt-get").args(["download", &format!("{package}={exact}")]).current_dir(&download))?;
        let file = fs::read_dir(&download)?.next().context("apt-get left no package")??.path();
        run(Command::new("dpkg-deb").arg("--extract").args([&file, folder]))?;
        fs::remove_dir_all(&download).with_context(|| format!("cannot remove {}", download.display()))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.state.join("apt.conf"));
        command
    }
}

/// The mirror that this machine's own apt uses for Debian's main archive.
fn mirror() -> Result<String> {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(LABEL): $(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    let uri = targets
        .lines()
        // The labels of the other archives differ: "Debian-Security", "Debian Backports", "Ubuntu".
        .find_map(|line| line.strip_prefix("Debian: "))
        .context("this machine's apt knows no mirror of Debian; if its sources name one, run `apt-get update` first")?;
    ensure!(Path::new(KEYRING).exists(), "no {KEYRING}: run `apt-get install debian-archive-keyring`");
    Ok(uri.to_owned())
}

/// Whether a line of `apt-cache depends --recurse` is a package's name: its dependencies follow indented, and names
/// that only other packages provide stand in angle brackets.
fn is_package(line: &str) -> bool {
    line.starts_with(char::is_alphanumeric)
}

/// The version in a line `package | version | where` of `apt-cache madison`, which begins with the newest.
fn madison_version(line: &str) -> Option<&str> {
    line.split('|').nth(1).map(str::trim)
}

/// Whether the package's version is `wanted`, whatever its repackaging, patches or build: `1.95.0+dfsg1-2~bpo13+1` and
/// `1.95.0-1` are 1.95.0, and `6.1.176-1` is 6.1.
fn is_version(package: &str, wanted: &str) -> bool {
    package.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(['.', '+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_suite_that_has_it_is_taken() {
        let get = |suite: &str| if suite == "sid" { bail!("no sid") } else { Ok(suite.to_owned()) };
        assert_eq!(first(&["sid", "forky", "trixie"], get).unwrap(), "forky");
    }

    #[test]
    fn the_error_tells_of_every_suite() {
        let get = |suite: &str| -> Result<()> { bail!("no {suite}") };
        assert_eq!(first(&["forky", "sid"], get).unwrap_err().to_string(), "no forky; no sid");
    }

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
            assert!(is_version(version, "1.95.0"), "{version}");
        }
        for version in ["1.95.01-1", "1.95.0~rc1-1", "1.95.1-1", "1.96.0-1", "11.95.0-1", "1.95.0"] {
            assert!(!is_version(version, "1.95.0"), "{version}");
        }
        assert!(is_version("6.1.176-1", "6.1"));
        assert!(!is_version("6.12.107-1", "6.1"));
    }

    #[test]
    fn packages_stand_at_the_beginning_of_a_line() {
        assert!(is_package("linux-image-6.1.0-50-cloud-amd64"));
        assert!(!is_package("  Depends: kmod"));
        assert!(!is_package("<linux-initramfs-tool>"));
    }
}
