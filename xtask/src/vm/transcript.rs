//! What a guest says on its results' port: the output of the tests, once per run, between lines of tests.sh.

use std::time::{Duration, Instant};

use crate::report::Report;

/// One run of the tests on one guest: of those of a backend, or of another program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) name: String,
    /// Holds at least one failure where the run did not end well, whatever the tests counted.
    pub(crate) report: Report,
    /// All that the tests printed.
    pub(crate) output: String,
    pub(crate) duration: Duration,
    /// Whether the tests came to their end, well or not.
    pub(crate) ended: bool,
}

impl Run {
    /// What did not happen because the guest ended before.
    pub(crate) fn unreached(name: &str) -> Self {
        let report = Report::failure();
        Self { name: name.to_owned(), report, output: String::new(), duration: Duration::ZERO, ended: false }
    }
}

/// Makes runs of what arrives piece by piece.
#[derive(Default)]
pub(crate) struct Transcript {
    /// The line that has not ended yet.
    line: Vec<u8>,
    current: Option<Current>,
    finished: Vec<Run>,
}

struct Current {
    name: String,
    since: Instant,
    output: String,
}

impl Transcript {
    /// Takes the next piece.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        for byte in chunk {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.line).into_owned();
                self.line.clear();
                self.end_line(&line);
            } else {
                self.line.push(*byte);
            }
        }
    }

    /// What goes on in the guest: the run, and the test where it is known. With one thread the tests print a test's
    /// name before they run it, and its result on the same line.
    pub(crate) fn now(&self) -> String {
        let Some(current) = &self.current else {
            return if self.finished.is_empty() { "boot" } else { "shutdown" }.to_owned();
        };
        let line = String::from_utf8_lossy(&self.line);
        match line.strip_prefix("test ").and_then(|test| test.split_once(" ...")) {
            Some((test, _)) => format!("{}: {}", current.name, test.trim_end()),
            None => current.name.clone(),
        }
    }

    /// The runs that have ended so far.
    pub(crate) fn finished(&self) -> impl Iterator<Item = &Run> {
        self.finished.iter()
    }

    /// The runs, in the order in which they were made. A run that the guest did not live to end has failed.
    pub(crate) fn finish(mut self) -> Vec<Run> {
        if !self.line.is_empty() {
            self.push(b"\n");
        }
        self.end_run(None);
        self.finished
    }

    fn end_line(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("@begin ") {
            self.end_run(None);
            self.current = Some(Current { name: name.to_owned(), since: Instant::now(), output: String::new() });
        } else if let Some(status) = line.strip_prefix("@end ") {
            self.end_run(status.parse().ok());
        } else if let Some(current) = &mut self.current {
            current.output.push_str(line);
            current.output.push('\n');
        }
    }

    /// Ends the current run, if there is one; `status` is the tests' exit code where they have ended.
    fn end_run(&mut self, status: Option<i32>) {
        let Some(Current { name, since, output }) = self.current.take() else { return };
        let mut report = Report::default();
        output.lines().for_each(|line| report.count(line));
        let counted = output.lines().any(|line| line.starts_with("test result: "));
        if report.failed() == 0 && !(counted && status == Some(0)) {
            report += Report::failure();
        }
        self.finished.push(Run { name, report, output, duration: since.elapsed(), ended: status.is_some() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(text: &str) -> Transcript {
        let mut transcript = Transcript::default();
        // Pieces end anywhere.
        for piece in text.as_bytes().chunks(7) {
            transcript.push(piece);
        }
        transcript
    }

    fn finish(text: &str) -> Vec<String> {
        transcript(text).finish().into_iter().map(|run| format!("{}: {}", run.name, run.report)).collect()
    }

    #[test]
    fn runs_are_counted_by_name() {
        let runs = finish(
            "@begin fentry\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 2 ignored; 0 measured\n@end 0\n\
             @begin kprobe\ntest result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured\n@end 101\n",
        );
        assert_eq!(runs, ["fentry: 1 passed, 0 failed, 2 skipped", "kprobe: 3 passed, 4 failed, 0 skipped"]);
    }

    #[test]
    fn runs_that_end_badly_have_failed() {
        let ok = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(finish(&format!("@begin fentry\n{ok}\n@end 139\n")), ["fentry: 1 passed, 1 failed, 0 skipped"]);
        assert_eq!(finish(&format!("@begin fentry\n{ok}\n")), ["fentry: 1 passed, 1 failed, 0 skipped"]);
        assert_eq!(finish("@begin fentry\ntest a ... ok\n@end 0\n"), ["fentry: 0 passed, 1 failed, 0 skipped"]);
        assert_eq!(finish("@begin fentry\ntest a ... "), ["fentry: 0 passed, 1 failed, 0 skipped"]);
        assert!(finish("no run\n").is_empty());
    }

    #[test]
    fn the_running_test_is_known() {
        assert_eq!(transcript("").now(), "boot");
        assert_eq!(transcript("@begin kprobe\n\nrunning 2 tests\n").now(), "kprobe");
        assert_eq!(transcript("@begin kprobe\ntest a ... ok\ntest connect::v4   ... ").now(), "kprobe: connect::v4");
    }
}
