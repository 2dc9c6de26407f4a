//! The programs that sockwhy is measured against, from Debian's packages.
//!
//! They are unpacked under `target/` and run with their own libraries. Nothing is installed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::tool::{Begins, Sink, Tool};
use crate::command::output;
use crate::debian::Suite;
use crate::{cache, paths};

/// New enough to have tools that work on current kernels.
const SUITE: &str = "trixie";

const PACKAGES: [&str; 5] = ["bpftrace", "iproute2", "libbpf-tools", "lsof", "net-tools"];

/// Hooks the tracepoint of tcplife and tcpstates, and prints a line for each state of each socket.
const BPFTRACE_SCRIPT: &str = r#"tracepoint:sock:inet_sock_set_state {
    printf("%d %s %s:%d %s:%d %d %d\n", pid, comm, ntop(args->family, args->saddr), args->sport,
        ntop(args->family, args->daddr), args->dport, args->oldstate, args->newstate);
}"#;

/// The unpacked packages.
pub(crate) struct Peers {
    root: PathBuf,
}

impl Peers {
    /// Downloads what is missing.
    pub(crate) fn prepare() -> Result<Self> {
        let root = paths::bench().join("peers");
        if !root.exists() {
            cache::install(&root, download).context("cannot get the programs to compare with")?;
        }
        Ok(Self { root })
    }

    /// The version of a package, as Debian calls it.
    pub(crate) fn version(&self, package: &str) -> Result<String> {
        let file = self.root.join("versions");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix(' '));
        Ok(line.context("an unknown package")?.to_owned())
    }

    /// The command line of one of their programs.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Vec<String> {
        let folder = |name: &str| self.root.join(name).display().to_string();
        let mut command = vec![folder(LOADER), "--library-path".to_owned(), folder(LIBRARIES)];
        command.push(folder(program));
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        command
    }

    /// The tools that stream events and need no kprobes: those that work here, and why the others do not.
    pub(crate) fn tracers(&self) -> (Vec<Tool>, Vec<String>) {
        let tool = |name: &str, command, lines| Tool {
            name: name.to_owned(),
            command,
            tracefs: true,
            begins: Begins::Writes,
            lines,
        };
        let all = [
            tool("tcpstates (libbpf-tools)", self.command("usr/sbin/tcpstates-libbpf", &[]), 6),
            tool("tcplife (libbpf-tools)", self.command("usr/sbin/tcplife-libbpf", &[]), 2),
            tool("bpftrace script", self.command("usr/bin/bpftrace", &["-e", BPFTRACE_SCRIPT]), 6),
        ];
        let (mut works, mut absent) = (Vec::new(), Vec::new());
        for tool in all {
            match tool.start(Sink::File).and_then(super::tool::Running::stop) {
                Ok(()) => works.push(tool),
                Err(error) => absent.push(format!("{error:#}")),
            }
        }
        (works, absent)
    }

    /// One of their programs and its libraries, and where to put each of them in the guest's file system.
    pub(crate) fn files(&self, program: &str) -> Result<Vec<(String, PathBuf)>> {
        let (loader, program) = (self.root.join(LOADER), self.root.join(program));
        let listed = output(
            Command::new(&loader).arg("--library-path").arg(self.root.join(LIBRARIES)).arg("--list").arg(&program),
        )?;
        let libraries =
            listed.lines().filter_map(|line| Some(Path::new(line.split_once(" => ")?.1.split(" (").next()?)));
        let libraries = libraries.filter(|path| path.starts_with(self.root.join(LIBRARIES)));
        let mut files: Vec<_> = libraries.map(|path| (format!("lib/{}", name(path)), path.to_owned())).collect();
        files.push(("lib64/ld-linux-x86-64.so.2".to_owned(), loader));
        files.push((name(&program), program));
        Ok(files)
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

fn download(into: &Path) -> Result<()> {
    let suite = Suite::open(SUITE)?;
    let mut packages = BTreeSet::new();
    for package in PACKAGES {
        packages.extend(suite.dependencies(package)?);
    }
    let mut versions = Vec::new();
    for package in packages {
        let version = suite.unpack_newest(&package, into)?;
        versions.push(format!("{package} {version}\n"));
    }
    fs::write(into.join("versions"), versions.concat()).context("cannot write the list of versions")
}
