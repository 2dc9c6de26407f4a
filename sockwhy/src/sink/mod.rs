//! Where events go.

mod json;
mod lines;
#[cfg(test)]
mod tests;
mod text;

pub use self::json::Json;
pub use self::lines::{Format, Lines};
pub use self::text::Text;
