//! A kernel's files, from Debian's packages.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fmt, fs};

use anyhow::{Context, Result};

use self::Version::{AtLeast, Series};
use super::kernel::Kernel;
use crate::debian::{self, Suite};
use crate::{cache, paths};

/// The versions of Linux that a guest is for.
pub(crate) enum Version {
    /// `6.12` and its updates, `6.12.1`.
    Series(&'static str),
    /// This and all that come later.
    AtLeast(&'static str),
}

/// What the packages with a kernel's files are called, before its release. Not every kernel has all three.
const PACKAGES: [&str; 3] = ["linux-image-", "linux-binary-", "linux-modules-"];

/// What they are called after it: built for virtual machines, so small, and with BTF, kprobes and ftrace.
const FLAVOUR: &str = "-cloud-amd64";

/// The modules that the tests need, each after those that it depends on.
const MODULES: [&str; 3] = ["inet_diag", "tcp_diag", "veth"];

/// Held while a kernel is looked for and downloaded: guests that start side by side may need the same one.
static DOWNLOAD: Mutex<()> = Mutex::new(());

/// A kernel's files.
pub(crate) struct Image {
    /// `6.1.0-50`
    pub(crate) release: String,
    pub(crate) vmlinuz: PathBuf,
    /// In the order in which they must be loaded; `.ko`, or compressed, `.ko.xz`.
    pub(crate) modules: Vec<PathBuf>,
}

impl Image {
    /// The kernel's files from the cache; where they are not there, the newest release that Debian then has is
    /// downloaded. The error says what has been tried.
    pub(crate) fn get(kernel: &Kernel) -> Result<Self> {
        let folder = paths::vm().join("kernels").join(kernel.version.to_string());
        let _guard = DOWNLOAD.lock().unwrap_or_else(PoisonError::into_inner);
        if !folder.exists() {
            debian::first(kernel.suites, |suite| {
                let suite = Suite::open(suite)?;
                cache::install(&folder, |partial| kernel.version.download(&suite, partial))
            })?;
        }
        Self::read(&folder)
    }

    fn read(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        list_files(folder, &mut files)?;
        let find = |what: &str, is_it: &dyn Fn(&str) -> bool| {
            let found = files.iter().find(|path| path.file_name().is_some_and(|name| is_it(&name.to_string_lossy())));
            found.cloned().with_context(|| format!("no {what} in {}: remove that folder", folder.display()))
        };
        let vmlinuz = find("kernel image", &|name| name.starts_with("vmlinuz"))?;
        let modules: Vec<_> = MODULES
            .iter()
            .map(|module| find(module, &|name| name.split_once(".ko").is_some_and(|(stem, _)| stem == *module)))
            .collect::<Result<_>>()?;
        // Below `lib/modules/RELEASE/`.
        let mut parts = modules[0].strip_prefix(folder)?.iter().skip_while(|part| *part != "modules");
        let release = parts.nth(1).context("the modules lie in no folder of their own")?.to_string_lossy();
        Ok(Self { release: release.trim_end_matches(FLAVOUR).to_owned(), vmlinuz, modules })
    }
}

impl Version {
    /// Unpacks the newest such kernel of a suite.
    fn download(&self, suite: &Suite, into: &Path) -> Result<()> {
        let packages = suite.packages("linux-")?;
        let release = self.newest_in(&packages).with_context(|| format!("Debian's {}", suite.name()))?;
        for package in PACKAGES.map(|prefix| format!("{prefix}{release}{FLAVOUR}")) {
            if packages.contains(&package) {
                suite.unpack_newest(&package, into)?;
            }
        }
        Ok(())
    }

    /// The newest such release among packages of these names.
    fn newest_in<'a>(&self, packages: &'a [String]) -> Result<&'a str> {
        let releases = packages.iter().filter_map(|name| name.strip_prefix(PACKAGES[0])?.strip_suffix(FLAVOUR));
        let mut releases: Vec<_> = releases.collect();
        releases.sort_by_key(|release| numbers(release));
        let newest = releases.iter().rfind(|release| self.matches(release));
        newest
            .copied()
            .with_context(|| format!("no Linux {self}, the newest is {}", releases.last().unwrap_or(&"none")))
    }

    fn matches(&self, release: &str) -> bool {
        match self {
            Series(version) => numbers(release).starts_with(&numbers(version)),
            AtLeast(version) => numbers(release) >= numbers(version),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Series(version) => f.write_str(version),
            AtLeast(version) => write!(f, "{version}+"),
        }
    }
}

/// The numbers of a release, in order, by which releases compare: 6, 12, 90, 12 and 1 of `6.12.90+deb12.1`.
fn numbers(release: &str) -> Vec<u32> {
    release.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// Appends the paths of all files below `folder`.
fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let cannot_read = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        let kind = entry.file_type().with_context(cannot_read)?;
        if kind.is_dir() {
            list_files(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a suite has that keeps its old kernels.
    const PACKAGES: [&str; 10] = [
        "linux-base",
        "linux-image-cloud-amd64",
        "linux-image-6.1.0-50-cloud-amd64",
        "linux-image-6.12.9+deb13-cloud-amd64",
        "linux-image-6.12.90+deb13-cloud-amd64",
        "linux-image-6.12.90+deb13.1-cloud-amd64",
        "linux-image-6.12.117+deb13-amd64",
        "linux-image-7.2.12+deb14-cloud-amd64",
        "linux-modules-7.3.4+deb14-cloud-amd64",
        "linux-image-7.3.4+deb14-cloud-amd64-dbg",
    ];

    fn newest(version: &Version) -> Result<String> {
        version.newest_in(&PACKAGES.map(str::to_owned)).map(str::to_owned)
    }

    #[test]
    fn the_newest_release_of_a_version_is_chosen() {
        assert_eq!(newest(&Series("6.12")).unwrap(), "6.12.90+deb13.1");
        assert_eq!(newest(&Series("6.1")).unwrap(), "6.1.0-50");
        assert_eq!(newest(&AtLeast("6.1")).unwrap(), "7.2.12+deb14");
        assert_eq!(newest(&AtLeast("7.2")).unwrap(), "7.2.12+deb14");
    }

    #[test]
    fn the_error_names_the_newest_kernel_alone() {
        let error = |version| newest(&version).unwrap_err().to_string();
        assert_eq!(error(Series("7.1")), "no Linux 7.1, the newest is 7.2.12+deb14");
        assert_eq!(error(AtLeast("7.3")), "no Linux 7.3+, the newest is 7.2.12+deb14");
        assert_eq!(Series("6.1").newest_in(&[]).unwrap_err().to_string(), "no Linux 6.1, the newest is none");
    }

    #[test]
    fn releases_compare_by_their_numbers() {
        assert_eq!(numbers("6.12.90+deb12.1"), [6, 12, 90, 12, 1]);
        assert!(numbers("5.10.0-32") > numbers("5.10.0-4"));
        assert!(numbers("7.3") < numbers("7.3.4+deb13"));
    }
}
