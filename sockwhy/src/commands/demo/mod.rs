//! `sockwhy demo`: an IPv4 connection that netstat calls tcp6, made here and explained.

mod page;
mod sockets;

use self::page::{demo_json, demo_text};
use self::sockets::Demo;
use crate::cli::{CommonArgs, DemoArgs, OutputFormat};
use crate::exit::Failure;
use crate::explanation::Target;
use crate::investigation::explain;
use crate::term::{Terminal, print};

/// Makes the sockets, explains them as `sockwhy explain` does (they are all that this process has), and closes them.
///
/// # Errors
/// Where they cannot be made or read, or stdout cannot be written to.
pub fn run(args: &DemoArgs, common: &CommonArgs) -> Result<(), Box<dyn Failure>> {
    let demo = Demo::new(args.v6only)?;
    let text = explain(Target::Process(std::process::id()), None, |explanation| match common.output {
        OutputFormat::Text => demo_text(&demo, explanation, Terminal::stdout(common.color), common.verbose > 0),
        OutputFormat::Json => demo_json(&demo, explanation),
    })?;
    Ok(print(&text)?)
}
