//! Reads the existing sockets the way an ordinary user can: sockets from the kernel's `sock_diag` over netlink, their
//! owners from `/proc`. `IPV6_V6ONLY` is known only for listeners. An ordinary user sees only their own processes as
//! owners, root sees all.

mod addresses;
mod message;

use std::os::fd::OwnedFd;
use std::{io, thread};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};
use sockwhy_common::{AF_INET, AF_INET6};

pub use self::addresses::addresses;
use self::message::{InetDiagMsg, Message, Messages, request};
use crate::host::netns::{self, Namespace};
use crate::host::owners;
use crate::model::socket::{Descriptor, Socket};

/// The kernel fills messages of up to this size where the buffer has room (`netlink_dump`).
const CHUNK: usize = 32 * 1024;

/// What was found.
pub struct Found {
    /// The TCP sockets of the network namespaces.
    pub sockets: Vec<Socket>,
    /// The sockets' descriptors, of all processes that could be read.
    pub held: Vec<Descriptor>,
    /// Whether every process could be read.
    pub all_owners: bool,
}

/// Finds every TCP socket of these network namespaces.
///
/// # Errors
/// Where the kernel has no `sock_diag`, or a namespace cannot be entered.
pub fn read(namespaces: &[Namespace]) -> io::Result<Found> {
    thread::scope(|scope| {
        // A netlink socket belongs to the network namespace of the thread that makes it.
        let sockets = scope.spawn(|| {
            let mut sockets = Vec::new();
            netns::visit(namespaces, |netns| dump(netns, &mut sockets)).map(|()| sockets)
        });
        let (held, all_owners) = owners::scan()?;
        let sockets = sockets.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Found { sockets, held, all_owners })
    })
}

fn dump(netns: u32, sockets: &mut Vec<Socket>) -> io::Result<()> {
    let netlink =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
    for family in [AF_INET, AF_INET6] {
        dump_family(&netlink, family, netns, sockets).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                io::Error::new(error.kind(), "the kernel's tcp_diag is not loaded: sudo modprobe tcp_diag")
            }
            _ => error,
        })?;
    }
    Ok(())
}

fn dump_family(netlink: &OwnedFd, family: u16, netns: u32, sockets: &mut Vec<Socket>) -> io::Result<()> {
    exchange(netlink, &request(family), |body| {
        match InetDiagMsg::new(body)?.decode(netns) {
            Ok(socket) => sockets.push(socket),
            Err(unknown) => log::debug!("left out: {unknown}"),
        }
        Some(())
    })
}

/// Sends a request, and hands over each message of the answer. `None` says that it is malformed.
fn exchange(socket: &OwnedFd, request: &[u8], mut each: impl FnMut(&[u8]) -> Option<()>) -> io::Result<()> {
    let malformed = || io::Error::other("the kernel's answer over netlink is malformed");
    send(socket, request, SendFlags::empty())?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let (bytes, _) = match recv(socket, &mut chunk[..], RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => continue,
            received => received?,
        };
        for message in Messages(&chunk[..bytes]) {
            match message {
                Message::Body(body) => each(body).ok_or_else(malformed)?,
                Message::Done => return Ok(()),
                Message::Error(error) => return Err(error),
                Message::Malformed => return Err(malformed()),
            }
        }
    }
}
