//! Starting `sockwhy trace`.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::backend::Backend;
use crate::enter::Enter;
use crate::program::program;
use crate::tracer::Tracer;

/// A `sockwhy trace` to be started.
pub(crate) struct Trace {
    backend: Option<Backend>,
    arguments: Vec<OsString>,
    program: PathBuf,
    enter: Enter,
    output: Option<Stdio>,
    json: bool,
}

impl Trace {
    /// With JSON output and no filters.
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend: Some(backend), ..Self::auto() }
    }

    /// The same, with the backend that sockwhy chooses.
    pub(crate) fn auto() -> Self {
        Self {
            backend: None,
            arguments: Vec::new(),
            program: program(),
            enter: Enter::default(),
            output: None,
            json: true,
        }
    }

    /// Adds arguments.
    pub(crate) fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds `--pid` for each of the processes.
    pub(crate) fn pids(self, pids: impl IntoIterator<Item = u32>) -> Self {
        pids.into_iter().fold(self, |trace, pid| trace.arguments(["--pid".to_owned(), pid.to_string()]))
    }

    /// With another copy of the program.
    pub(crate) fn program(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// Where it runs, and as whom.
    pub(crate) fn enter(mut self, enter: Enter) -> Self {
        self.enter = enter;
        self
    }

    /// Writes events to `output` instead of giving them to the test.
    pub(crate) fn output(mut self, output: impl Into<Stdio>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Text instead of JSON.
    pub(crate) fn text(mut self) -> Self {
        self.json = false;
        self
    }

    /// Starts it and waits until it traces.
    pub(crate) fn start(self) -> Result<Tracer, Refusal> {
        let json = self.json;
        let mut command = self.enter.command(&self.program);
        command.arg("trace");
        if json {
            command.args(["-o", "json"]);
        }
        if let Some(backend) = self.backend {
            command.args(["--backend", &backend.to_string()]);
        }
        command.args(&self.arguments);
        let piped = self.output.is_none();
        command.stdin(Stdio::null()).stdout(self.output.unwrap_or_else(Stdio::piped)).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        // The command holds the writing end of the output.
        drop(command);
        Tracer::ready(child, json && piped)
    }
}

/// Why sockwhy did not start to trace.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sockwhy ended with {:?} and said:\n{}", self.code, self.stderr)
    }
}

impl std::error::Error for Refusal {}
