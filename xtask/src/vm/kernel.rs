//! The kernels that `cargo xtask vm` boots, and where they come from: Debian's own packages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::debian::Suite;
use crate::{cache, paths};

/// The backends of sockwhy, in the order in which they are tested.
pub(crate) const BACKENDS: [&str; 3] = ["fentry", "kprobe", "tracepoint"];

/// The programs with tests that know no backends.
pub(crate) const OTHER_TESTS: [&str; 2] = ["list", "runtimes"];

/// What is run in every guest: the acceptance tests once per backend, and the others.
pub(crate) const RUNS: [&str; 5] = [BACKENDS[0], BACKENDS[1], BACKENDS[2], OTHER_TESTS[0], OTHER_TESTS[1]];

/// One guest: a kernel and how it is booted.
pub(crate) struct Kernel {
    /// What the command line and the reports call it.
    pub(crate) name: &'static str,
    /// The beginning of the package's version.
    version: &'static str,
    /// The Debian suite that has it.
    suite: &'static str,
    /// What its command line says beyond what every guest's says.
    pub(crate) command_line: &'static str,
    /// The backends that must work there. The others must refuse: a kernel that can do more than this table says
    /// is news, not luck.
    pub(crate) backends: &'static [&'static str],
}

/// Every guest, one line each.
#[rustfmt::skip]
pub(crate) const KERNELS: &[Kernel] = &[
    Kernel { name: "5.10", version: "5.10", suite: "bullseye", command_line: "", backends: &BACKENDS },
    Kernel { name: "6.1", version: "6.1", suite: "bookworm", command_line: "", backends: &BACKENDS },
    Kernel { name: "6.12", version: "6.12", suite: "trixie", command_line: "", backends: &BACKENDS },
    Kernel { name: "7.2", version: "7.2", suite: "forky", command_line: "", backends: &BACKENDS },
    // No IPv6 at all: AF_INET6 sockets cannot be made.
    Kernel { name: "6.12-no-ipv6", version: "6.12", suite: "trixie", command_line: "ipv6.disable=1", backends: &BACKENDS },
    // The second CPU exists and stays offline: per-CPU values are as many as the possible CPUs, not as the online ones.
    Kernel { name: "6.12-one-cpu", version: "6.12", suite: "trixie", command_line: "maxcpus=1", backends: &BACKENDS },
];

/// The guest of this name.
pub(crate) fn named(name: &str) -> Result<&'static Kernel> {
    KERNELS.iter().find(|kernel| kernel.name == name).with_context(|| format!("there is no guest {name}"))
}

/// Depends on the newest kernel of a suite that is built for virtual machines: small, with BTF, kprobes and ftrace.
const METAPACKAGE: &str = "linux-image-cloud-amd64";

/// What the packages with a kernel's files are called, before its version. From 7.x on the image package is empty and
/// depends on the two others.
const PACKAGES: [&str; 3] = ["linux-image-", "linux-binary-", "linux-modules-"];

/// The modules that the tests need, each after those that it depends on.
const MODULES: [&str; 3] = ["inet_diag", "tcp_diag", "veth"];

/// A kernel's files.
pub(crate) struct Image {
    pub(crate) vmlinuz: PathBuf,
    /// In the order in which they must be loaded; `.ko`, or compressed, `.ko.xz`.
    pub(crate) modules: Vec<PathBuf>,
}

impl Kernel {
    /// The kernel's files from the cache, downloaded if they are not there.
    pub(crate) fn image(&self) -> Result<Image> {
        let folder = paths::vm().join("kernels").join(self.version);
        if !folder.exists() {
            cache::install(&folder, |partial| self.download(partial))
                .with_context(|| format!("cannot get Linux {}", self.version))?;
        }
        let mut files = Vec::new();
        list_files(&folder, &mut files)?;
        let find = |what: &str, is_it: &dyn Fn(&str) -> bool| {
            let found = files.iter().find(|path| path.file_name().is_some_and(|name| is_it(&name.to_string_lossy())));
            found.cloned().with_context(|| format!("no {what} in {}: remove that folder", folder.display()))
        };
        let vmlinuz = find("kernel image", &|name| name.starts_with("vmlinuz"))?;
        let modules = MODULES
            .iter()
            .map(|module| find(module, &|name| name.split_once(".ko").is_some_and(|(stem, _)| stem == *module)))
            .collect::<Result<_>>()?;
        Ok(Image { vmlinuz, modules })
    }

    fn download(&self, into: &Path) -> Result<()> {
        let suite = Suite::open(self.suite)?;
        let dependencies = suite.dependencies(METAPACKAGE)?;
        let packages: Vec<_> = dependencies.iter().filter(|package| is_kernel(package, self.version)).collect();
        ensure!(
            !packages.is_empty(),
            "Debian {} has gone on to another kernel ({}): change the table in {}",
            self.suite,
            dependencies.join(", "),
            file!()
        );
        for package in packages {
            suite.unpack(package, self.version, into)?;
        }
        Ok(())
    }
}

/// Whether `package` holds files of a kernel of this version: `linux-image-6.1.0-50-cloud-amd64` does for 6.1.
fn is_kernel(package: &str, version: &str) -> bool {
    PACKAGES
        .iter()
        .find_map(|prefix| package.strip_prefix(prefix)?.strip_prefix(version))
        .is_some_and(|rest| rest.starts_with('.'))
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

    #[test]
    fn packages_of_the_version_hold_the_kernel() {
        assert!(is_kernel("linux-image-6.1.0-50-cloud-amd64", "6.1"));
        assert!(is_kernel("linux-modules-7.2.12+deb14-cloud-amd64", "7.2"));
        assert!(!is_kernel("linux-image-6.12.107+deb13-cloud-amd64", "6.1"));
        assert!(!is_kernel("linux-image-cloud-amd64", "6.1"));
        assert!(!is_kernel("linux-base-7.2.12+deb14-cloud-amd64", "7.2"));
    }

    #[test]
    fn names_are_unique_and_backends_known() {
        for (index, kernel) in KERNELS.iter().enumerate() {
            assert!(KERNELS.iter().skip(index + 1).all(|other| other.name != kernel.name), "{}", kernel.name);
            assert!(kernel.backends.iter().all(|backend| BACKENDS.contains(backend)), "{}", kernel.name);
        }
    }
}
