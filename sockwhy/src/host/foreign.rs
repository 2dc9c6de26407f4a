//! Sockets of other network namespaces than their process's: made there before the process left, by one of its threads, or
//! given to it. Slirp4netns, VPN clients and CNI plugins have such.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::fs;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use rustix::io;
use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};
use rustix::net::{AddressFamily, ipproto, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::netns::Namespace;

/// The network namespaces of those TCP sockets of a process whose inode numbers are not among `known`.
#[must_use]
pub fn namespaces(pid: u32, known: &BTreeSet<u64>) -> Vec<Namespace> {
    let mut found = BTreeMap::new();
    let result = descriptors(pid, known, |socket| {
        if is_tcp(&socket) {
            let namespace = Namespace::of(network_namespace(&socket)?.into())?;
            found.entry(namespace.inode).or_insert(namespace);
        }
        Ok(())
    });
    if let Err(error) = result {
        log::debug!("whether process {pid} has sockets of other network namespaces is unknown: {error}");
    }
    found.into_values().collect()
}

/// Takes a copy of each socket among a process's descriptors whose inode is not known. Needs the right to trace it.
fn descriptors(
    pid: u32,
    known: &BTreeSet<u64>,
    mut each: impl FnMut(OwnedFd) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let process = pidfd_open(process, PidfdFlags::empty())?;
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))?.flatten() {
        let Ok(link) = fs::read_link(entry.path()) else { continue };
        let link = link.to_string_lossy();
        let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse::<u64>().ok());
        let descriptor = entry.file_name().to_string_lossy().parse::<RawFd>();
        if let (Some(inode), Ok(descriptor)) = (inode, descriptor)
            && !known.contains(&inode)
        {
            match pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty()) {
                // It is closed meanwhile.
                Err(Errno::BADF) => {}
                copy => each(copy?)?,
            }
        }
    }
    Ok(())
}

fn is_tcp(socket: &OwnedFd) -> bool {
    let family = sockopt::socket_domain(socket);
    let is_ip = family.is_ok_and(|family| family == AddressFamily::INET || family == AddressFamily::INET6);
    is_ip && sockopt::socket_protocol(socket).is_ok_and(|protocol| protocol == Some(ipproto::TCP))
}

/// The network namespace of a socket (`SIOCGSKNS`). Needs `CAP_NET_ADMIN` there.
fn network_namespace(socket: impl AsFd) -> io::Result<OwnedFd> {
    // SAFETY: `GetNamespace` describes the request as the kernel has it.
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
        // SAFETY: the kernel has just made it, and nobody else knows of it.
        Ok(unsafe { OwnedFd::from_raw_fd(output) })
    }
}
