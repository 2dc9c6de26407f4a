//! Which system properties a JVM was started with, and where they come from.
//!
//! The launcher and the JVM read options from five places, and the last one wins: the environment's
//! `JAVA_TOOL_OPTIONS`, `JDK_JAVA_OPTIONS`, the command line with the files that `@file` names in it, and
//! `_JAVA_OPTIONS`. Where the JVM shares its counters (hsperfdata), they show all of these as the JVM understood them.
//! `System.setProperty()` leaves no trace that can be seen from outside.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::hsperf;
use super::settings::Setting;
use super::words::words;
use crate::host::Process;

/// The properties that decide about families.
const PROPERTIES: [&str; 2] = [PREFER_IPV4_STACK, "java.net.preferIPv6Addresses"];

/// The one that asks for `AF_INET` sockets alone.
pub(super) const PREFER_IPV4_STACK: &str = "java.net.preferIPv4Stack";

/// Options of the launcher whose value is the next argument, not the program to run.
const WITH_VALUE: [&[u8]; 11] = [
    b"-cp",
    b"-classpath",
    b"--class-path",
    b"-p",
    b"--module-path",
    b"--upgrade-module-path",
    b"--add-modules",
    b"--enable-native-access",
    b"--limit-modules",
    b"--add-exports",
    b"--add-opens",
];

/// What an argument of the command line means to the launcher.
enum Argument<'a> {
    /// An option, of the command line or of the file that it names.
    Option(Cow<'a, [u8]>, String),
    /// An argument of the program that the JVM runs.
    OfProgram(&'a [u8]),
}

/// Every setting of the properties that matter, in the order in which they take effect: the last one wins.
pub(super) fn settings(process: &Process) -> Vec<Setting> {
    let variable = |name: &str| {
        let words = process.variable(name).map(words).unwrap_or_default();
        words.into_iter().filter_map(|word| property(&word, name)).collect::<Vec<_>>()
    };
    let mut settings = variable("JAVA_TOOL_OPTIONS");
    settings.extend(variable("JDK_JAVA_OPTIONS"));
    let read = |path: &Path| process.file(path);
    let mut mistaken = Vec::new();
    for argument in arguments(&process.arguments, read) {
        match argument {
            Argument::Option(option, from) => settings.extend(property(&option, &from)),
            Argument::OfProgram(argument) => {
                let setting =
                    property(argument, "an argument of the program, behind its name: the JVM does not read it");
                mistaken.extend(setting.map(|setting| Setting { misplaced: true, ..setting }));
            }
        }
    }
    settings.extend(variable("_JAVA_OPTIONS"));
    if settings.is_empty() {
        settings = hsperf::arguments(process).iter().filter_map(|option| property(option, "hsperfdata")).collect();
    }
    settings.extend(mistaken);
    settings
}

/// Reads the command line as the launcher does.
fn arguments(line: &[Vec<u8>], read: impl Fn(&Path) -> Option<Vec<u8>>) -> Vec<Argument<'_>> {
    const COMMAND_LINE: &str = "the command line";
    let mut found = Vec::new();
    let mut rest = line.iter().map(Vec::as_slice).skip(1);
    let mut files = true;
    while let Some(argument) = rest.next() {
        if let (true, Some(name)) = (files, argument.strip_prefix(b"@")) {
            // "@@" is an "@" that means itself.
            if !name.starts_with(b"@") {
                let content = read(Path::new(OsStr::from_bytes(name))).unwrap_or_default();
                let from = || format!("@{}", String::from_utf8_lossy(name));
                found.extend(words(&content).into_iter().map(|word| Argument::Option(Cow::Owned(word), from())));
            }
        } else if argument == b"--disable-@files" {
            files = false;
        } else if WITH_VALUE.contains(&argument) {
            let _value = rest.next();
        } else if matches!(argument, b"-jar" | b"-m" | b"--module" | b"--source") {
            let _program = rest.next();
            break;
        } else if argument.starts_with(b"-") {
            found.push(Argument::Option(Cow::Borrowed(argument), COMMAND_LINE.to_owned()));
        } else {
            // The class to run.
            break;
        }
    }
    found.extend(rest.map(Argument::OfProgram));
    found
}

/// A setting of one of the properties that matter.
fn property(option: &[u8], source: &str) -> Option<Setting> {
    let definition = option.strip_prefix(b"-D")?;
    PROPERTIES.iter().find_map(|name| {
        let value = definition.strip_prefix(name.as_bytes())?;
        let value = if value.is_empty() { value } else { value.strip_prefix(b"=")? };
        Some(Setting { name: (*name).to_owned(), value: value.to_vec(), source: source.to_owned(), misplaced: false })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(arguments: &[&str], environment: &[&str]) -> Process {
        let owned = |strings: &[&str]| strings.iter().map(|string| string.as_bytes().to_vec()).collect();
        Process { arguments: owned(arguments), environment: owned(environment), ..Process::default() }
    }

    /// The settings as `value from source`.
    fn found(arguments: &[&str], environment: &[&str]) -> Vec<String> {
        let settings = settings(&process(arguments, environment));
        settings.iter().map(|s| format!("{} from {}", String::from_utf8_lossy(&s.value), s.source)).collect()
    }

    const SET: &str = "-Djava.net.preferIPv4Stack=true";

    #[test]
    fn options_stand_before_the_class_or_jar() {
        assert_eq!(found(&["java", SET, "-jar", "app.jar"], &[]), ["true from the command line"]);
        assert_eq!(found(&["java", "-cp", "a:b", SET, "Main", "x"], &[]), ["true from the command line"]);
    }

    #[test]
    fn behind_the_class_or_jar_they_are_the_programs() {
        let mistaken = "true from an argument of the program, behind its name: the JVM does not read it";
        for line in [["java", "-jar", "app.jar", SET], ["java", "-Xmx1g", "Main", SET], ["java", "-m", "mod/Main", SET]]
        {
            assert_eq!(found(&line, &[]), [mistaken], "{line:?}");
            assert!(settings(&process(&line, &[])).iter().all(|setting| setting.misplaced));
        }
    }

    #[test]
    fn the_environment_comes_before_and_after_the_command_line() {
        let environment =
            [&format!("_JAVA_OPTIONS={SET}"), "JAVA_TOOL_OPTIONS=-Xmx1g -Djava.net.preferIPv4Stack=false"];
        assert_eq!(
            found(&["java", SET, "Main"], &environment),
            ["false from JAVA_TOOL_OPTIONS", "true from the command line", "true from _JAVA_OPTIONS"]
        );
    }

    #[test]
    fn files_of_arguments_are_read() {
        let line = ["java", "@/etc/java.args", "@@not-a-file", "Main", "@later"].map(|word| word.as_bytes().to_vec());
        let read = |path: &Path| {
            assert_eq!(path, Path::new("/etc/java.args"));
            Some(b"# comment -Da=b\n-Xmx1g \"-Djava.net.preferIPv4Stack=true\"\n".to_vec())
        };
        let options: Vec<_> = arguments(&line, read)
            .into_iter()
            .filter_map(|argument| match argument {
                Argument::Option(option, from) => property(&option, &from),
                Argument::OfProgram(_) => None,
            })
            .collect();
        assert_eq!(options.len(), 1);
        assert_eq!((options[0].value.as_slice(), options[0].source.as_str()), (&b"true"[..], "@/etc/java.args"));
    }

    #[test]
    fn a_property_without_a_value_is_set_to_nothing() {
        assert_eq!(found(&["java", "-Djava.net.preferIPv4Stack", "Main"], &[]), [" from the command line"]);
        assert_eq!(found(&["java", "-Djava.net.preferIPv4StackX=true", "Main"], &[]), Vec::<String>::new());
    }
}
