//! Text for people: colour, width, lines, the time of day; and JSON that does a terminal no harm.

pub(crate) mod clock;
pub(crate) mod json;
pub(crate) mod paint;
mod print;
pub(crate) mod prose;
mod terminal;

pub(crate) use self::print::{print, unless_unread};
pub use self::terminal::Terminal;
