//! Settings of a process, and where they are found.

use crate::host::Process;

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

impl Setting {
    /// One that the program reads.
    pub(super) fn new(name: &str, value: &[u8], source: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.to_vec(), source: source.into(), misplaced: false }
    }
}

/// Variables of the environment as settings.
pub(super) fn variables(process: &Process, names: &[&str]) -> Vec<Setting> {
    let setting = |name: &&str| Some(Setting::new(name, process.variable(name)?, "the environment"));
    names.iter().filter_map(setting).collect()
}

/// Options of the command line and their values as settings: `-f FILE`, `--file=FILE`.
pub(super) fn options(process: &Process, names: &[&str]) -> Vec<Setting> {
    let arguments = &process.arguments;
    let setting = |(index, argument): (usize, &Vec<u8>)| {
        let name = names.iter().find(|name| argument.starts_with(name.as_bytes()))?;
        let value = match &argument[name.len()..] {
            [] => arguments.get(index + 1)?,
            [b'=', value @ ..] => value,
            _ => return None,
        };
        Some(Setting::new(name, value, "the command line"))
    };
    arguments.iter().enumerate().skip(1).filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
