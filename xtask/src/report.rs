//! The results of test programs, summed up.

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::AddAssign;

/// How many tests ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Tests that printed `skipped: ` with a reason and returned. Their harness counts them as passed.
    self_skipped: usize,
}

impl Report {
    /// A test program that did not run all its tests.
    pub(crate) fn failure() -> Self {
        Self { failed: 1, ..Self::default() }
    }

    /// How many tests passed.
    pub(crate) fn passed(&self) -> usize {
        self.passed.saturating_sub(self.self_skipped)
    }

    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    /// How many tests were skipped.
    pub(crate) fn skipped(&self) -> usize {
        self.ignored + self.self_skipped
    }

    /// Copies the test programs' output to `shown`, as it comes, and counts the results in it.
    pub(crate) fn copy(mut output: impl Read, mut shown: impl Write) -> io::Result<Self> {
        let mut report = Self::default();
        let mut line = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let length = match output.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            shown.write_all(&buffer[..length])?;
            shown.flush()?;
            for &byte in &buffer[..length] {
                if byte == b'\n' {
                    report.count(&String::from_utf8_lossy(&line));
                    line.clear();
                } else {
                    line.push(byte);
                }
            }
            if length == 0 {
                report.count(&String::from_utf8_lossy(&line));
                return Ok(report);
            }
        }
    }

    /// Counts what a test program says in `line`.
    pub(crate) fn count(&mut self, line: &str) {
        if let Some(program) = Self::of_result(line) {
            *self += program;
        } else if is_skip(line) {
            self.self_skipped += 1;
        }
    }

    /// Reads the line that closes the run of one test program:
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
    fn of_result(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what| {
            counts.split("; ").find_map(|count| count.split_once(' ').filter(|(_, name)| *name == what)?.0.parse().ok())
        };
        Some(Self { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")?, self_skipped: 0 })
    }
}

/// Whether a test says in `line` that it cannot run here: `skipped: needs root`, after its name if that stands there.
fn is_skip(line: &str) -> bool {
    let said = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).map_or(line, |(_, said)| said);
    said.starts_with("skipped: ")
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.self_skipped += other.self_skipped;
    }
}

/// `5 passed, 0 failed, 1 skipped`
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed(), self.failed, self.skipped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(output: &str) -> String {
        let mut shown = Vec::new();
        let report = Report::copy(output.as_bytes(), &mut shown).unwrap();
        assert_eq!(shown, output.as_bytes(), "everything is shown as it came");
        report.to_string()
    }

    #[test]
    fn results_of_several_programs_are_summed() {
        let output = "running 2 tests\n..\n\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
            running 4 tests\ntest a ... FAILED\n\n\
            test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.20s\n";
        assert_eq!(report(output), "4 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_last_line_needs_no_newline() {
        assert_eq!(
            report("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured"),
            "1 passed, 0 failed, 0 skipped"
        );
    }

    #[test]
    fn tests_that_say_so_are_skipped() {
        let output = "test jvm ... ok\n\n---- jvm stdout ----\nskipped: no javac\n\
            test veth ... skipped: needs root\nok\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(report(output), "1 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn words_that_only_look_like_it_count_nothing() {
        let output = "the test result: ok. 9 passed\ntest result: ok. many passed; 0 failed; 0 ignored\n\
            test skipped: a name ... ok\n3 skipped: x\n";
        assert_eq!(report(output), "0 passed, 0 failed, 0 skipped");
    }
}
