//! By what a program is known.

use crate::host::Process;

/// Something by which a runtime is known. In names, a `*` at the end stands for any rest.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// The file that it runs is one of these, or its name where the file is unknown.
    Program(&'static [&'static str]),
    /// A file of one of these names is mapped into its memory.
    Library(&'static [&'static str]),
    /// A program of the first names is an interpreter, and runs a script or module of the others, or took such a title.
    Script(&'static [&'static str], &'static [&'static str]),
    /// A program of the first names, with an argument of the others: the class or the archive that a JVM runs.
    Argument(&'static [&'static str], &'static [&'static str]),
    /// Go compiled it.
    Go,
    /// rustc compiled it, or a part of it.
    Rust,
}

impl Sign {
    pub(super) fn is_seen(self, process: &Process) -> bool {
        match self {
            Self::Program(names) => is_program(process, names),
            Self::Library(names) => process.libraries.iter().any(|library| matches_any(names, library)),
            Self::Script(interpreters, names) => is_program(process, interpreters) && is_script(process, names),
            Self::Argument(programs, names) => {
                let mut arguments = process.arguments.iter().skip(1);
                is_program(process, programs) && arguments.any(|argument| matches_any(names, file_name(argument)))
            }
            // These need the program's file, and count only where there is no other sign.
            Self::Go | Self::Rust => false,
        }
    }
}

fn is_program(process: &Process, names: &[&str]) -> bool {
    matches_any(names, process.program.as_ref().unwrap_or(&process.name))
}

/// The script or module is the first argument that is no option. Some replace the whole command line by a title.
fn is_script(process: &Process, names: &[&str]) -> bool {
    let mut arguments = process.arguments.iter();
    let title = arguments.next();
    let script = arguments.find(|argument| !argument.starts_with(b"-"));
    title.is_some_and(|title| matches_any(names, title))
        || script.is_some_and(|script| matches_any(names, file_name(script)))
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn matches_any(patterns: &[&str], name: &[u8]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(program: &str, arguments: &[&str]) -> Process {
        Process {
            program: Some(program.into()),
            arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
            ..Process::default()
        }
    }

    #[test]
    fn scripts_are_known_by_file_module_or_title() {
        let gunicorn = Sign::Script(&["python3*"], &["gunicorn", "gunicorn: *"]);
        assert!(gunicorn.is_seen(&runs("python3.11", &["/usr/bin/python3", "/usr/bin/gunicorn", "-b", "[::]:80"])));
        assert!(gunicorn.is_seen(&runs("python3.11", &["python3", "-m", "gunicorn", "app"])));
        assert!(gunicorn.is_seen(&runs("python3.11", &["gunicorn: master [app]"])));
        assert!(
            !gunicorn.is_seen(&runs("python3.11", &["python3", "server.py", "gunicorn"])),
            "an argument of another"
        );
        assert!(!gunicorn.is_seen(&runs("sh", &["sh", "/usr/bin/gunicorn"])));
    }

    #[test]
    fn services_of_a_jvm_are_known_by_class_or_archive() {
        let jenkins = Sign::Argument(&["java"], &["jenkins.war"]);
        let arguments = ["java", "-Xmx1g", "-jar", "/usr/share/java/jenkins.war"];
        assert!(jenkins.is_seen(&runs("java", &arguments)));
        assert!(!jenkins.is_seen(&runs("unzip", &arguments)));
    }
}
