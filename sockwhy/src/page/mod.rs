//! Pages that several commands show: sockets and explanations, as text and as JSON.

mod explanation;
mod socket_json;
mod socket_table;

pub(crate) use self::explanation::ExplanationJson;
pub use self::explanation::{explain_json, explain_text};
pub use self::socket_json::SocketJson;
pub use self::socket_table::SocketTable;
