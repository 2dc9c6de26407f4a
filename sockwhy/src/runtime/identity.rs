//! What a process turns out to be.

use super::elf::{self, Compiled};
use super::kinds::Runtime;
use super::programs::runtimes;
use super::remedy::Aim;
use super::settings::Setting;
use super::sign::Sign;
use crate::host::Process;

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
    pub fn of(process: &Process) -> Self {
        let by_sign = runtimes().find(|runtime| runtime.signs.iter().any(|sign| sign.is_seen(process)));
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
    pub fn asked_for_ipv4(&self) -> Option<&Setting> {
        let is_last = |setting: &&Setting| {
            let mut later = self.settings.iter().rev().filter(|later| !later.misplaced);
            later.find(|later| later.name == setting.name).is_some_and(|last| std::ptr::eq(last, *setting))
        };
        self.settings.iter().filter(is_last).find(|setting| self.is_for_ipv4(setting))
    }

    /// Whether the setting asks the program for `AF_INET` alone, wherever it stands.
    pub fn is_for_ipv4(&self, setting: &Setting) -> bool {
        let Some(runtime) = self.runtime else { return false };
        let mut all = runtime.remedies.iter().chain(runtime.useless);
        all.any(|remedy| remedy.aims == [Aim::Ipv4Only] && setting.is_made_by(remedy))
    }
}

fn by_compiler(is_it: impl Fn(&Sign) -> bool) -> Option<&'static Runtime> {
    runtimes().find(|runtime| runtime.signs.iter().any(&is_it))
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
            ("uwsgi-core", &["libpython3.11.so.1.0"], "uWSGI"),
            ("unbound", &["libpython3.11.so.1.0"], "Unbound"),
            ("master", &["libpostfix-global.so"], "Postfix"),
            ("mariadbd", &[], "MariaDB"),
            ("php-fpm8.2", &[], "php-fpm"),
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
}
