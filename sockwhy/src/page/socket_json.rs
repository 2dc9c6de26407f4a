//! Sockets as JSON objects. The fields and their order are a promise to users; the README lists them.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Serialize, Serializer};

use crate::model::Sanitized;
use crate::model::format::address;
use crate::model::socket::{Entry, Owner};
use crate::term::json::{self, Shown, Visible};

/// A line of `sockwhy list -o json`.
#[derive(Serialize)]
pub struct SocketJson<'a> {
    proto: &'a str,
    state: &'a str,
    family: &'a str,
    ip_version: Option<u8>,
    label: &'a str,
    accepts: Option<&'a [&'a str]>,
    v6only: Option<bool>,
    local_addr: String,
    local_port: u16,
    peer_addr: Option<String>,
    peer_port: Option<u16>,
    uid: Option<u32>,
    inode: Option<NonZeroU64>,
    netns: u32,
    cookie: Option<NonZeroU64>,
    owners: Option<Owners<'a>>,
    why: String,
}

impl<'a> From<Entry<'a>> for SocketJson<'a> {
    fn from(socket: Entry<'a>) -> Self {
        Self {
            proto: socket.family.netstat(),
            state: socket.state.as_str(),
            family: socket.family.as_str(),
            ip_version: socket.label.ip_version(),
            label: socket.label.as_str(),
            accepts: socket.accepts(),
            v6only: socket.v6only,
            local_addr: string(|text| address(text, socket.local.ip())),
            local_port: socket.local.port(),
            peer_addr: socket.peer.map(|peer| string(|text| address(text, peer.ip()))),
            peer_port: socket.peer.map(|peer| peer.port()),
            uid: socket.uid,
            inode: socket.inode,
            netns: socket.netns,
            cookie: socket.cookie,
            owners: socket.owners().map(Owners),
            why: string(|text| socket.why().write(text)),
        }
    }
}

impl SocketJson<'_> {
    /// Writes it on a line of its own.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        json::write(out, self, Visible { already: self.is_visible() });
        out.push(b'\n');
    }

    /// Whether every character of it is visible ASCII, or escaped by JSON. DEL is the one control that is not.
    fn is_visible(&self) -> bool {
        let names = self.owners.iter().flat_map(|owners| owners.0).map(|owner| owner.process.as_bytes());
        self.why.is_ascii() && names.flatten().all(|byte| *byte < 0x7f)
    }
}

/// A string of what is written to it.
fn string(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    // Writing to memory cannot fail.
    let _infallible = write(&mut text);
    text
}

struct Owners<'a>(&'a [Owner]);

impl Serialize for Owners<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|owner| OwnerJson {
            pid: owner.pid,
            process: Shown(Sanitized::Json(owner.process.as_bytes())),
            fd: owner.fd,
        }))
    }
}

#[derive(Serialize)]
struct OwnerJson<'a> {
    pid: Option<u32>,
    process: Shown<Sanitized<'a>>,
    fd: u32,
}
