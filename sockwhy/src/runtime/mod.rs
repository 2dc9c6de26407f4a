//! What a process was written in, what of its settings decides about families, and what would change them.
//!
//! [`RUNTIMES`] is all the knowledge there is, one entry for each runtime: how to know it, what helps, and what people try
//! that does not. The socket is the truth; this only names the remedy.

mod elf;
mod hsperf;
mod jvm;
mod table;
mod words;

use self::elf::Compiled;
pub use self::table::{ANY, RUNTIMES, SYSTEMD_SOCKET};
use crate::host::Process;

/// A language's runtime, or a server that is known by name.
#[derive(Debug)]
pub struct Runtime {
    /// What people call it.
    pub name: &'static str,
    /// How sure its remedies are.
    pub tier: Tier,
    /// How to know it: any of these is enough.
    pub signs: &'static [Sign],
    /// Whether its listeners' `IPV6_V6ONLY` is its own doing, whatever `net.ipv6.bindv6only` says; `None` where that depends
    /// on how it is called.
    pub sets_v6only: Option<bool>,
    /// What of its settings matters.
    pub settings: fn(&Process) -> Vec<Setting>,
    /// What changes the family.
    pub remedies: &'static [Remedy],
    /// What people try that does not.
    pub useless: &'static [Remedy],
}

/// How sure the remedies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// A test starts the real program, does what the remedy says, and sees what comes of it.
    Proven,
    /// The documentation says so; named here.
    ByTheBook(&'static str),
}

/// Something by which a runtime is known.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// The file that it runs, or where that may not be known its name, is one of these; a `*` at the end stands for any rest.
    Program(&'static [&'static str]),
    /// A file of one of these names is mapped into its memory, likewise.
    Library(&'static [&'static str]),
    /// Go compiled it.
    Go,
    /// rustc compiled it, or a part of it.
    Rust,
}

/// What somebody who looks at a socket may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// A listener that netstat lists as `tcp`: IPv4 only.
    ListenIpv4,
    /// A listener that takes IPv4 as well as IPv6.
    ListenBoth,
    /// A connection that netstat lists as `tcp`.
    ConnectIpv4,
}

/// Something to do. In the texts, `{port}` stands for the port of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What it is for.
    pub aims: &'static [Aim],
    /// What to do.
    pub what: &'static str,
    /// Where and how.
    pub how: &'static str,
    /// What comes of it.
    pub effect: &'static str,
}

/// A setting of a process that decides about families, or is thought to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as the process has it.
    pub value: Vec<u8>,
    /// Where it was found.
    pub source: String,
}

impl Setting {
    /// Whether it stands where the runtime does not read it.
    #[must_use]
    pub fn is_misplaced(&self) -> bool {
        self.source == jvm::OF_PROGRAM
    }
}

/// What a process turned out to be.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its entry in the table; `None` for a program that is not known.
    pub runtime: Option<&'static Runtime>,
    /// Its version, where the program's file tells.
    pub version: Option<String>,
    /// What of its settings matters.
    pub settings: Vec<Setting>,
}

impl Identity {
    /// Looks at a process: cheap signs first, its file only if there is no other.
    #[must_use]
    pub fn of(process: &Process) -> Self {
        let by_sign = RUNTIMES.iter().find(|runtime| runtime.signs.iter().any(|sign| sign.is_seen(process)));
        let compiled = || process.executable().and_then(elf::compiled);
        let (runtime, version) = match by_sign {
            Some(runtime) => (Some(runtime), None),
            None => match compiled() {
                Some(Compiled::Go(version)) => (by_compiler(|sign| matches!(sign, Sign::Go)), version),
                Some(Compiled::Rust) => (by_compiler(|sign| matches!(sign, Sign::Rust)), None),
                None => (None, None),
            },
        };
        let settings = runtime.map(|runtime| (runtime.settings)(process)).unwrap_or_default();
        Self { runtime, version, settings }
    }

    /// The last setting of this name that the runtime itself has read.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().rev().find(|setting| setting.name == name && !setting.is_misplaced())
    }
}

fn by_compiler(is_it: impl Fn(&Sign) -> bool) -> Option<&'static Runtime> {
    RUNTIMES.iter().find(|runtime| runtime.signs.iter().any(&is_it))
}

impl Sign {
    fn is_seen(self, process: &Process) -> bool {
        match self {
            Self::Program(names) => matches_any(names, process.program.as_ref().unwrap_or(&process.name)),
            Self::Library(names) => process.libraries.iter().any(|library| matches_any(names, library)),
            Self::Go | Self::Rust => false,
        }
    }
}

fn matches_any(patterns: &[&str], name: &[u8]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    })
}

/// Variables of the environment as settings.
fn variables(process: &Process, names: &[&str]) -> Vec<Setting> {
    let setting = |name: &&str| {
        let value = process.variable(name)?.to_vec();
        Some(Setting { name: (*name).to_owned(), value, source: "the environment".to_owned() })
    };
    names.iter().filter_map(setting).collect()
}

/// Options of the command line and their values as settings: `-f FILE`, `--file=FILE`.
fn options(process: &Process, names: &[&str]) -> Vec<Setting> {
    let arguments = &process.arguments;
    let setting = |(index, argument): (usize, &Vec<u8>)| {
        let name = names.iter().find(|name| argument.starts_with(name.as_bytes()))?;
        let value = match &argument[name.len()..] {
            [] => arguments.get(index + 1)?,
            [b'=', value @ ..] => value,
            _ => return None,
        };
        Some(Setting { name: (*name).to_owned(), value: value.to_vec(), source: "the command line".to_owned() })
    };
    arguments.iter().enumerate().skip(1).filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(program: Option<&str>, name: &str, libraries: &[&str]) -> Process {
        let bytes = |text: &str| text.as_bytes().to_vec();
        Process {
            pid: u32::MAX,
            name: bytes(name),
            program: program.map(bytes),
            libraries: libraries.iter().map(|library| bytes(library)).collect(),
            ..Process::default()
        }
    }

    fn name_of(process: &Process) -> Option<&'static str> {
        Identity::of(process).runtime.map(|runtime| runtime.name)
    }

    #[test]
    fn runtimes_are_known_by_program_or_library() {
        for (program, libraries, name) in [
            ("java", &["libjvm.so"][..], "Java"),
            ("eclipse", &["libjvm.so"], "Java"),
            ("node", &[], "Node.js"),
            ("python3.11", &[], "Python"),
            ("uwsgi", &["libpython3.11.so.1.0"], "Python"),
            ("nginx", &[], "nginx"),
            ("apache2", &[], "Apache"),
            ("haproxy", &[], "HAProxy"),
            ("redis-check-rdb", &[], "Redis"),
            ("beam.smp", &[], "Erlang"),
            ("app", &["libcoreclr.so"], ".NET"),
            ("mysqld", &[], "MySQL"),
            ("postgres", &[], "PostgreSQL"),
            ("sshd", &[], "sshd"),
            ("docker-proxy", &[], "docker-proxy"),
        ] {
            assert_eq!(name_of(&process(Some(program), "x", libraries)), Some(name), "{program} {libraries:?}");
        }
    }

    #[test]
    fn a_file_counts_more_than_a_name_that_anybody_can_take() {
        assert_eq!(name_of(&process(Some("evil"), "nginx", &[])), None);
        assert_eq!(name_of(&process(None, "nginx", &[])), Some("nginx"), "another user's process");
    }

    #[test]
    fn names_that_only_begin_alike_are_not_taken() {
        for program in ["nodejs-like", "nginx-exporter", "javax", "mysqld_exporter", "pythonista-x", "redis"] {
            assert_eq!(name_of(&process(Some(program), "x", &[])), None, "{program}");
        }
    }

    #[test]
    fn unknown_programs_are_unknown() {
        let identity = Identity::of(&process(Some("\u{1b}[31m"), "", &[]));
        assert!(identity.runtime.is_none() && identity.settings.is_empty());
    }

    #[test]
    fn every_runtime_says_what_helps_and_what_does_not() {
        for runtime in RUNTIMES.iter().chain([&SYSTEMD_SOCKET, &ANY]) {
            let helps = |aim| runtime.remedies.iter().any(|remedy| remedy.aims.contains(&aim));
            assert!(helps(Aim::ListenIpv4), "{}: nothing makes it IPv4 only", runtime.name);
            assert!(helps(Aim::ListenBoth), "{}: nothing makes it take both", runtime.name);
            assert!(!runtime.useless.is_empty(), "{}: everything helps", runtime.name);
            for remedy in runtime.remedies.iter().chain(runtime.useless) {
                assert!(!remedy.aims.is_empty(), "{}: {} is for nothing", runtime.name, remedy.what);
                for text in [remedy.what, remedy.how, remedy.effect] {
                    assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('\n'), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn options_have_their_value_behind_them() {
        let arguments = ["haproxy", "-f", "/etc/a.cfg", "-ff", "x", "-f", "--file=/b", "--file"];
        let process = Process {
            arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
            ..Process::default()
        };
        let found: Vec<_> =
            options(&process, &["-f", "--file"]).into_iter().map(|setting| (setting.name, setting.value)).collect();
        let setting = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        assert_eq!(found, [setting("-f", "/etc/a.cfg"), setting("-f", "--file=/b"), setting("--file", "/b")]);
    }

    #[test]
    fn every_name_is_used_once() {
        let mut names: Vec<_> = RUNTIMES.iter().map(|runtime| runtime.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
