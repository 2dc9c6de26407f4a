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
    /// Where the `IPV6_V6ONLY` of its listeners on `::` comes from.
    pub v6only: V6only,
    /// What its listener on `::` becomes with `net.ipv6.conf.all.disable_ipv6=1` and a restart of the program.
    pub disable_ipv6: Becomes,
    /// What its listener on `::` becomes with `net.ipv6.bindv6only=1` and a restart of the program.
    pub bindv6only: Becomes,
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

/// Where the `IPV6_V6ONLY` of a program's listeners on `::` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V6only {
    /// The program sets the option, to 0 or to 1, whatever `net.ipv6.bindv6only` says.
    Sets,
    /// The program leaves the option alone: it is what `net.ipv6.bindv6only` was when the socket was made.
    Inherits,
    /// It depends on the program's source or configuration, or is unknown.
    Varies,
}

/// What a program's listener on `::`, as the program usually makes it, becomes when a sysctl is set and the program is
/// restarted. A listener on one IPv6 address may become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The same.
    Same,
    /// An `AF_INET` listener.
    Ipv4,
    /// An IPv6-only listener: IPv4 is refused.
    Ipv6Only,
    /// A listener for each, IPv4 and IPv6.
    Pair,
    /// The program does not start.
    Failure,
    /// Not tried: say nothing.
    Unknown,
}

/// What somebody who looks at a socket may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// IPv4 alone, by an `AF_INET` socket, which netstat lists as `tcp`.
    Ipv4Only,
    /// IPv4 as well as IPv6.
    Both,
    /// IPv6 alone.
    Ipv6Only,
}

impl Aim {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4Only => "ipv4-only",
            Self::Both => "both",
            Self::Ipv6Only => "ipv6-only",
        }
    }
}

/// Which sockets of a program something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its listeners.
    Listen,
    /// The connections that it makes.
    Connect,
}

/// Whom a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any address of the host: it is bound to 0.0.0.0 or `::`.
    Any,
    /// This host alone: it is bound to a loopback address.
    Loopback,
    /// One other address.
    One,
}

/// Something to do. It keeps the scope of the listener. In the texts, `{port}` stands for the listener's port, `{ipv4}`
/// and `{ipv6}` for addresses of its scope: 0.0.0.0 and `::`, 127.0.0.1 and `::1`, or the one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Which sockets it is about.
    pub role: Role,
    /// What it is for.
    pub aims: &'static [Aim],
    /// For which listeners; empty: for all.
    pub scopes: &'static [Scope],
    /// The setting that it makes, where sockwhy can see whether it is made: name and value, as [`Setting`] has them.
    pub setting: Option<(&'static str, &'static str)>,
    /// What to do.
    pub what: &'static str,
    /// Where and how.
    pub how: &'static str,
    /// What comes of it, with everything else that it changes.
    pub effect: &'static str,
}

impl Remedy {
    /// Whether it is for this.
    #[must_use]
    pub fn is_for(&self, role: Role, aim: Aim, scope: Scope) -> bool {
        self.role == role && self.aims.contains(&aim) && (self.scopes.is_empty() || self.scopes.contains(&scope))
    }
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
    /// It stands where the program does not read it.
    pub misplaced: bool,
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

    /// The setting by which the program was asked for `AF_INET` alone. Of several of one name the last one counts.
    #[must_use]
    pub fn asked_for_ipv4(&self) -> Option<&Setting> {
        let is_last = |setting: &&Setting| {
            let mut later = self.settings.iter().rev().filter(|later| !later.misplaced);
            later.find(|later| later.name == setting.name).is_some_and(|last| std::ptr::eq(last, *setting))
        };
        self.settings.iter().filter(is_last).find(|setting| self.is_for_ipv4(setting))
    }

    /// Whether the setting asks the program for `AF_INET` alone, wherever it stands.
    #[must_use]
    pub fn is_for_ipv4(&self, setting: &Setting) -> bool {
        let Some(runtime) = self.runtime else { return false };
        let mut all = runtime.remedies.iter().chain(runtime.useless);
        all.any(|remedy| remedy.aims == [Aim::Ipv4Only] && setting.is_made_by(remedy))
    }
}

impl Setting {
    /// Whether it is what the remedy asks for.
    #[must_use]
    pub fn is_made_by(&self, remedy: &Remedy) -> bool {
        remedy
            .setting
            .is_some_and(|(name, value)| self.name == name && self.value.eq_ignore_ascii_case(value.as_bytes()))
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
        Some(Setting { name: (*name).to_owned(), value, source: "the environment".to_owned(), misplaced: false })
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
        let source = "the command line".to_owned();
        Some(Setting { name: (*name).to_owned(), value: value.to_vec(), source, misplaced: false })
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
            let helps = |aim| runtime.remedies.iter().any(|remedy| remedy.is_for(Role::Listen, aim, Scope::Any));
            assert!(helps(Aim::Ipv4Only), "{}: nothing makes it IPv4 only", runtime.name);
            assert!(helps(Aim::Both), "{}: nothing makes it take both", runtime.name);
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
