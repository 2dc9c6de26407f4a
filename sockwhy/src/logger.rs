//! Messages to stderr, as many as `-v` asks for.

use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    /// sockwhy's own messages and those of its BPF programs, whose targets begin with the same name; not the libraries'.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sockwhy")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("sockwhy: {}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Begins to print the messages of this verbosity.
pub(crate) fn init(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
