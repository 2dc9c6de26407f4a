//! `sockwhy list`: the sockets that exist, from the kernel to stdout.

mod page;

use self::page::{Page, write};
use crate::cli::{CommonArgs, ListArgs, OutputFormat};
use crate::exit::Failure;
use crate::host::check_process;
use crate::inventory;
use crate::page::SocketTable;
use crate::plan::ListPlan;
use crate::term::{Terminal, unless_unread};

/// Lists what the arguments ask for.
///
/// # Errors
/// Where the arguments contradict each other, the sockets cannot be read, or stdout cannot be written to. A closed pipe
/// is no error.
pub fn run(args: ListArgs, common: &CommonArgs) -> Result<(), Box<dyn Failure>> {
    let plan = ListPlan::new(args)?;
    for pid in &plan.pids {
        check_process(*pid)?;
    }
    let (namespaces, sockets) = inventory::look(plan.netns)?;
    let shown: Vec<_> = sockets.iter().filter(|socket| plan.wants(*socket)).collect();
    let page = match common.output {
        OutputFormat::Text => {
            Page::Text(SocketTable::new(Terminal::stdout(common.color), namespaces.len() > 1, &shown))
        }
        OutputFormat::Json => Page::Json,
    };
    Ok(unless_unread(write(&page, &shown))?)
}
