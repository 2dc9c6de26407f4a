//! What events have in common: the connection, and who acted.

use std::net::SocketAddr;

use sockwhy_common::{Head, Opened, flags};

use super::error::DecodeError;
use super::fields::{Fields, key};
use crate::model::record::{address, known};
use crate::model::{Family, Label, Name};

/// A connection, as an event saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// When the kernel saw it: nanoseconds since the epoch.
    pub time: u64,
    /// Inode number of the socket's network namespace.
    pub netns: u32,
    /// The socket's cookie.
    pub cookie: Option<u64>,
    /// The socket's address family.
    pub family: Family,
    /// What it is called.
    pub label: Label,
    /// The socket's own end; an IPv4-mapped address as IPv4.
    pub local: SocketAddr,
    /// The other end, likewise.
    pub peer: SocketAddr,
    /// `IPV6_V6ONLY`; `None` for an `AF_INET` socket, which has no such option.
    pub v6only: Option<bool>,
    /// Whether the application's socket is an MPTCP socket.
    pub mptcp: bool,
}

impl Flow {
    /// Reads the head of a record; the time is set to that of the wall clock.
    pub(super) fn decode(head: &Head, netns: u32, wall_clock: u64) -> Result<Self, DecodeError> {
        let has = |flag| head.flags & flag != 0;
        let family = Family::from_number(head.family).ok_or(DecodeError::Family(head.family))?;
        let peer = address(family, head.peer_addr);
        Ok(Self {
            time: head.time.wrapping_add(wall_clock),
            netns,
            cookie: known(head.cookie),
            family,
            label: Label::of_connection(family, peer),
            local: SocketAddr::new(address(family, head.local_addr), head.local_port),
            peer: SocketAddr::new(peer, head.peer_port),
            v6only: match family {
                Family::Inet => None,
                Family::Inet6 => Some(has(flags::V6ONLY)),
            },
            mptcp: has(flags::MPTCP),
        })
    }

    /// Its fields, and those of the task that acted.
    pub(super) fn fields(&self, task: &Task, out: &mut impl Fields) {
        out.number(key!("pid"), task.pid);
        out.number(key!("tid"), task.tid);
        out.number(key!("uid"), Some(task.uid));
        out.name(key!("process"), task.process.as_bytes());
        out.name(key!("thread"), task.thread.as_bytes());
        out.number(key!("netns"), Some(self.netns));
        out.number(key!("cgroup_id"), task.cgroup_id);
        out.number(key!("cookie"), self.cookie);
        out.word(key!("family"), self.family.as_str());
        out.number(key!("ip_version"), self.label.ip_version());
        out.word(key!("label"), self.label.as_str());
        out.word(key!("netstat"), self.family.netstat());
        out.address(key!("local_addr"), self.local.ip());
        out.number(key!("local_port"), Some(self.local.port()));
        out.address(key!("peer_addr"), self.peer.ip());
        out.number(key!("peer_port"), Some(self.peer.port()));
        out.flag(key!("v6only"), self.v6only);
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The process; `None` where sockwhy's PID namespace cannot see it.
    pub pid: Option<u32>,
    /// The thread, likewise.
    pub tid: Option<u32>,
    /// Real user id, in the initial user namespace.
    pub uid: u32,
    /// Name of the process.
    pub process: Name,
    /// Name of the thread.
    pub thread: Name,
    /// Its cgroup in the v2 hierarchy.
    pub cgroup_id: Option<u64>,
}

impl Task {
    pub(super) fn decode(record: &Opened) -> Self {
        Self {
            pid: known(record.pid),
            tid: known(record.tid),
            uid: record.uid,
            process: record.process.into(),
            thread: record.thread.into(),
            cgroup_id: known(record.cgroup_id),
        }
    }
}
