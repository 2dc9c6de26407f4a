//! Flows as bytes for a terminal, a file or another program.
//!
//! Everything is appended to a buffer that the caller keeps, so that a flow costs no allocation and a batch of them one
//! write. `time` is the wall clock in nanoseconds since the epoch, as the records carry the kernel's monotonic one.

mod clock;
mod demo;
mod doctor;
mod explain;
mod explain_json;
mod json;
mod paint;
mod prose;
mod socket_json;
mod socket_table;
mod terminal;
mod text;

pub use demo::{demo_json, demo_text};
pub use doctor::{doctor_json, doctor_text};
pub use explain::explain_text;
pub use explain_json::explain_json;
pub use json::Json;
pub use socket_json::SocketJson;
pub use socket_table::SocketTable;
pub use terminal::Terminal;
pub use text::Text;

use crate::{flow::Flow, socket::Entry};

/// One of the two ways to write.
#[derive(Debug)]
pub enum Formatter {
    /// For people.
    Text(Text),
    /// One JSON object per line.
    Json(Json),
}

impl Formatter {
    /// What stands above the flows.
    pub fn header(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.header(out),
            Self::Json(_) => {}
        }
    }

    /// One flow, as a line.
    pub fn flow(&mut self, out: &mut Vec<u8>, time: u64, flow: &Flow) {
        match self {
            Self::Text(text) => text.flow(out, time, flow),
            Self::Json(json) => json.flow(out, time, flow),
        }
    }
}

/// One of the two ways to write sockets.
#[derive(Clone, Debug)]
pub enum SocketFormatter {
    /// For people.
    Text(SocketTable),
    /// One JSON object per line.
    Json,
}

impl SocketFormatter {
    /// What stands above the sockets.
    pub fn header(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(table) => table.header(out),
            Self::Json => {}
        }
    }

    /// One socket.
    pub fn socket(&mut self, out: &mut Vec<u8>, socket: Entry<'_>) {
        match self {
            Self::Text(table) => table.socket(out, socket),
            Self::Json => json::socket(out, &SocketJson::from(socket)),
        }
    }
}

#[cfg(test)]
mod tests;
