//! Running sockwhy, and what it answers.

use std::fmt::Display;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};
use serde_json::Value;

use crate::enter::Enter;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::said::Said;

/// Runs sockwhy.
pub(crate) fn sockwhy(arguments: &[&str]) -> Outcome<Said> {
    Said::by_sockwhy(&Enter::default(), &program(), arguments)
}

/// A command that starts sockwhy in a new namespace.
pub(crate) fn sockwhy_in_new(namespace: UnshareFlags) -> Command {
    let mut command = Command::new(program());
    // SAFETY: the child makes one system call, and shares no table of descriptors that could be taken from it.
    unsafe { command.pre_exec(move || Ok(unshare_unsafe(namespace)?)) };
    command
}

impl Said {
    /// The only object on stdout.
    pub(crate) fn answer(&self) -> Outcome<Answer> {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        Ok(Answer(serde_json::from_str(&self.stdout)?))
    }

    /// The objects on stdout, one a line.
    pub(crate) fn objects(&self) -> Outcome<Vec<Value>> {
        Ok(self.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Asserts that there is no answer, but a line that says why, and perhaps one with the remedy.
    pub(crate) fn assert_refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert!(matches!(self.stderr.lines().count(), 1 | 2), "{self:?}");
        assert!(self.stderr.lines().all(|line| line.starts_with("sockwhy: ")), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?}: {self:?}");
        }
    }
}

/// What `sockwhy explain -o json` says of a target.
pub(crate) fn explain(target: impl Display) -> Outcome<Answer> {
    sockwhy(&["explain", &target.to_string(), "-o", "json"])?.answer()
}

/// The object of an explanation.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    fn list(&self, field: &str) -> &[Value] {
        self.0[field].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// A list's values of a field.
    fn texts(&self, list: &str, field: &str) -> Vec<&str> {
        self.list(list).iter().filter_map(|object| object[field].as_str()).collect()
    }

    /// The labels of the sockets in this state, sorted.
    pub(crate) fn labels(&self, state: &str) -> Vec<&str> {
        let sockets = self.list("sockets").iter().filter(|socket| socket["state"] == state);
        let mut labels: Vec<_> = sockets.filter_map(|socket| socket["label"].as_str()).collect();
        labels.sort_unstable();
        labels
    }

    pub(crate) fn rules(&self) -> Vec<&str> {
        self.texts("causes", "rule")
    }

    /// The sentence of a rule.
    pub(crate) fn cause(&self, rule: &str) -> Outcome<&str> {
        let cause = self.list("causes").iter().find(|cause| cause["rule"] == rule);
        cause
            .and_then(|cause| cause["text"].as_str())
            .ok_or_else(|| Stop::failed(format!("{rule} is not among {:?}", self.rules())))
    }

    /// What else there is to know.
    pub(crate) fn notes(&self) -> Vec<&str> {
        self.texts("notes", "text")
    }

    /// What helps.
    pub(crate) fn remedies(&self) -> Vec<&str> {
        self.texts("remedies", "what")
    }

    /// What does not.
    pub(crate) fn no_remedies(&self) -> Vec<&str> {
        self.texts("no_remedies", "what")
    }

    /// The runtime of the first process, without its version.
    pub(crate) fn runtime(&self) -> Option<&str> {
        let runtime = self.list("processes").first()?["runtime"].as_str()?;
        Some(runtime.split_once(" (").map_or(runtime, |(name, _)| name))
    }

    /// The settings of the first process, `value (source)`.
    pub(crate) fn settings(&self, name: &str) -> Vec<String> {
        let settings = self.list("processes").first().and_then(|process| process["settings"].as_array());
        let settings = settings.into_iter().flatten().filter(|setting| setting["name"] == name);
        let text = |value: &Value| value.as_str().unwrap_or("no string").to_owned();
        settings.map(|setting| format!("{} ({})", text(&setting["value"]), text(&setting["source"]))).collect()
    }

    /// The sentence of the verdict.
    pub(crate) fn verdict_text(&self) -> &str {
        self.0["verdict"]["text"].as_str().unwrap_or_default()
    }

    /// `accepts_ipv4`, `accepts_ipv6`, `problem`.
    pub(crate) fn verdict(&self) -> (Option<bool>, Option<bool>, Option<bool>) {
        let field = |name: &str| self.0["verdict"][name].as_bool();
        (field("accepts_ipv4"), field("accepts_ipv6"), field("problem"))
    }
}
