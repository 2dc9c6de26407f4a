//! Sockets as JSON objects, the fields and their order a promise to users (`docs`: the README's table).

use std::{net::IpAddr, num::NonZeroU64};

use serde::{Serialize, Serializer};

use super::json::Shown;
use crate::{
    sanitize::Sanitized,
    socket::{Entry, Owner, Why},
};

/// A line of `sockwhy list -o json`.
#[derive(Serialize)]
pub struct SocketJson<'a> {
    proto: &'static str,
    state: &'static str,
    family: &'static str,
    ip_version: Option<u8>,
    label: &'static str,
    accepts: Option<&'static [&'static str]>,
    v6only: Option<bool>,
    local_addr: Shown<IpAddr>,
    local_port: u16,
    peer_addr: Option<Shown<IpAddr>>,
    peer_port: Option<u16>,
    uid: Option<u32>,
    inode: Option<NonZeroU64>,
    netns: u32,
    cookie: Option<NonZeroU64>,
    owners: Option<Owners<'a>>,
    why: Shown<Why<'a>>,
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
            local_addr: Shown(socket.local.ip()),
            local_port: socket.local.port(),
            peer_addr: socket.peer.map(|peer| Shown(peer.ip())),
            peer_port: socket.peer.map(|peer| peer.port()),
            uid: socket.uid,
            inode: socket.inode,
            netns: socket.netns,
            cookie: socket.cookie,
            owners: socket.owners().map(Owners),
            why: Shown(socket.why()),
        }
    }
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
