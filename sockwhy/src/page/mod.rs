//! Pages that several commands show: sockets and explanations, as text and as JSON.

mod explanation;
mod explanation_json;
mod socket_json;
mod socket_table;

pub use self::explanation::explain_text;
pub(crate) use self::explanation_json::ExplanationJson;
pub use self::explanation_json::explain_json;
pub use self::socket_json::SocketJson;
pub use self::socket_table::SocketTable;
