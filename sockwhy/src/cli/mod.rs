//! The command line.

mod args;
mod examples;
mod report;
#[cfg(test)]
mod tests;
mod values;

pub use self::args::{Cli, Command, CommonArgs, DemoArgs, ExplainArgs, FilterArgs, ListArgs, OutputFormat, TraceArgs};
pub use self::report::report;
pub use self::values::{EventArg, NetnsArg};
