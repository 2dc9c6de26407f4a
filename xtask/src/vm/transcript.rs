//! What a guest says on its results' port: the output of the tests, once per backend, between lines of init.sh.

use std::time::{Duration, Instant};

/// One run of the tests: one backend on one guest.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) backend: String,
    pub(crate) passed: u32,
    /// At least one where the run did not end well, whatever the tests counted.
    pub(crate) failed: u32,
    pub(crate) ignored: u32,
    /// All that the tests printed.
    pub(crate) output: String,
    pub(crate) duration: Duration,
    /// Whether the tests came to their end, well or not.
    pub(crate) ended: bool,
}

impl Run {
    /// What did not happen because the guest ended before.
    pub(crate) fn unreached(backend: &str) -> Self {
        Self {
            backend: backend.to_owned(),
            passed: 0,
            failed: 1,
            ignored: 0,
            output: String::new(),
            duration: Duration::ZERO,
            ended: false,
        }
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
    backend: String,
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

    /// What goes on in the guest: the backend, and the test where it is known. With one thread the tests print a test's
    /// name before they run it, and its result on the same line.
    pub(crate) fn now(&self) -> String {
        let Some(current) = &self.current else { return "between runs".to_owned() };
        let line = String::from_utf8_lossy(&self.line);
        match line.strip_prefix("test ").and_then(|test| test.split_once(" ...")) {
            Some((test, _)) => format!("{}: {}", current.backend, test.trim_end()),
            None => current.backend.clone(),
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
        if let Some(backend) = line.strip_prefix("@begin ") {
            self.end_run(None);
            self.current = Some(Current { backend: backend.to_owned(), since: Instant::now(), output: String::new() });
        } else if let Some(status) = line.strip_prefix("@end ") {
            self.end_run(status.parse().ok());
        } else if let Some(current) = &mut self.current {
            current.output.push_str(line);
            current.output.push('\n');
        }
    }

    /// Ends the current run, if there is one; `status` is the tests' exit code where they have ended.
    fn end_run(&mut self, status: Option<i32>) {
        let Some(Current { backend, since, output }) = self.current.take() else { return };
        let counts = output.lines().rev().find_map(counts);
        let [passed, failed, ignored] = counts.unwrap_or_default();
        let well = counts.is_some() && status == Some(0);
        let failed = if well { failed } else { failed.max(1) };
        self.finished.push(Run {
            backend,
            passed,
            failed,
            ignored,
            output,
            duration: since.elapsed(),
            ended: status.is_some(),
        });
    }
}

/// How many tests passed, failed and were ignored: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn counts(line: &str) -> Option<[u32; 3]> {
    let (_, list) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what| list.split("; ").find_map(|item| item.strip_suffix(what)?.trim_end().parse().ok());
    Some([count("passed")?, count("failed")?, count("ignored")?])
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

    fn finish(text: &str) -> Vec<(String, [u32; 3])> {
        transcript(text).finish().into_iter().map(|run| (run.backend, [run.passed, run.failed, run.ignored])).collect()
    }

    #[test]
    fn runs_are_counted_by_backend() {
        let runs = finish(
            "@begin fentry\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 2 ignored; 0 measured\n@end 0\n\
             @begin kprobe\ntest result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured\n@end 101\n",
        );
        assert_eq!(runs, [("fentry".into(), [1, 0, 2]), ("kprobe".into(), [3, 4, 0])]);
    }

    #[test]
    fn runs_that_end_badly_have_failed() {
        let ok = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(finish(&format!("@begin fentry\n{ok}\n@end 139\n")), [("fentry".into(), [1, 1, 0])]);
        assert_eq!(finish(&format!("@begin fentry\n{ok}\n")), [("fentry".into(), [1, 1, 0])]);
        assert_eq!(finish("@begin fentry\ntest a ... ok\n@end 0\n"), [("fentry".into(), [0, 1, 0])]);
        assert_eq!(finish("@begin fentry\ntest a ... "), [("fentry".into(), [0, 1, 0])]);
        assert_eq!(finish("no run\n"), []);
    }

    #[test]
    fn the_running_test_is_known() {
        assert_eq!(transcript("").now(), "between runs");
        assert_eq!(transcript("@begin kprobe\n\nrunning 2 tests\n").now(), "kprobe");
        assert_eq!(transcript("@begin kprobe\ntest a ... ok\ntest connect::v4   ... ").now(), "kprobe: connect::v4");
    }
}
