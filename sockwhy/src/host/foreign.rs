//! Sockets whose network namespace is not their process's: the process has left it since, one of its threads is in it, or
//! another process has passed the socket. Slirp4netns, VPN clients and CNI plugins have such sockets. Nothing else leads to a
//! namespace that no thread is in and that is not mounted.

use std::collections::{BTreeMap, HashSet};
use std::ffi::c_void;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};

use rustix::io;
use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};
use rustix::net::{AddressFamily, ipproto, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::netns::Namespace;
use crate::model::socket::Descriptor;

/// The network namespaces that the TCP sockets among these descriptors belong to. Sockets with an inode number among `known`
/// are not looked at. Needs the right to trace the processes.
pub(crate) fn namespaces<'a>(
    descriptors: impl Iterator<Item = &'a Descriptor>,
    mut known: HashSet<u64>,
) -> Vec<Namespace> {
    let mut found = BTreeMap::new();
    let mut process: Option<(u32, io::Result<OwnedFd>)> = None;
    let mut hidden = 0_u32;
    for Descriptor { inode, owner } in descriptors {
        if known.contains(inode) {
            continue;
        }
        let Some(pid) = owner.pid else {
            hidden += 1;
            continue;
        };
        if process.as_ref().is_none_or(|(opened, _)| *opened != pid) {
            process = Some((pid, open(pid)));
        }
        let Some((_, handle @ Ok(_))) = &mut process else { continue };
        match handle.as_ref().map_err(|error| *error).and_then(|handle| network_namespace(handle, owner.fd)) {
            Ok(Some(file)) => {
                known.insert(*inode);
                if let Ok(namespace) = Namespace::of(file.into()) {
                    found.entry(namespace.inode).or_insert(namespace);
                }
            }
            // It has been closed meanwhile, or is in the table of a thread that has its own.
            Err(Errno::BADF) => {}
            Ok(None) => drop(known.insert(*inode)),
            Err(error) => {
                log::debug!("whether process {pid} has sockets of unseen network namespaces is unknown: {error}");
                *handle = Err(error);
            }
        }
    }
    if hidden > 0 {
        log::debug!(
            "the network namespaces of {hidden} sockets are unknown: their processes are not in this PID namespace"
        );
    }
    found.into_values().collect()
}

fn open(pid: u32) -> io::Result<OwnedFd> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    pidfd_open(process, PidfdFlags::empty())
}

/// The network namespace of a process's socket, asked of a copy of its descriptor; `None` where it is not a TCP socket.
fn network_namespace(process: &OwnedFd, descriptor: u32) -> io::Result<Option<OwnedFd>> {
    let descriptor = descriptor.try_into().map_err(|_| Errno::BADF)?;
    let socket = pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty())?;
    if is_tcp(&socket) { of_socket(&socket).map(Some) } else { Ok(None) }
}

fn is_tcp(socket: &OwnedFd) -> bool {
    let family = sockopt::socket_domain(socket);
    let is_ip = family.is_ok_and(|family| family == AddressFamily::INET || family == AddressFamily::INET6);
    is_ip && sockopt::socket_protocol(socket).is_ok_and(|protocol| protocol == Some(ipproto::TCP))
}

/// The network namespace of a socket (`SIOCGSKNS`). Needs `CAP_NET_ADMIN` there.
fn of_socket(socket: impl AsFd) -> io::Result<OwnedFd> {
    // SAFETY: `GetNamespace` describes the request as the kernel defines it.
    unsafe { ioctl(socket, GetNamespace) }
}

/// `SIOCGSKNS` (`include/uapi/linux/sockios.h`), which takes no argument and returns a descriptor.
struct GetNamespace;

// SAFETY: the opcode is that of the request, which neither reads nor writes memory, and returns a new descriptor
// (`open_related_ns()`).
unsafe impl Ioctl for GetNamespace {
    type Output = OwnedFd;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        0x894c
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut c_void) -> io::Result<OwnedFd> {
        // SAFETY: the kernel has just made this descriptor for us, so nothing else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(output) })
    }
}
