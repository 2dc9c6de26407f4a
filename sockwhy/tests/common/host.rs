//! What this machine has.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::net::{AddressFamily, SocketType, ipproto};

use super::outcome::{Outcome, Stop};

/// The running kernel's version, for changes that leave nothing to test for.
pub(crate) fn kernel() -> (u32, u32) {
    static VERSION: OnceLock<(u32, u32)> = OnceLock::new();
    *VERSION.get_or_init(|| {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel has a release");
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    })
}

/// Whether `AF_INET6` sockets can be made and the loopback device has `::1`.
pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).is_ok()
}

/// Skips the test on a kernel without IPv6.
pub(crate) fn require_ipv6() -> Outcome {
    if has_ipv6() { Ok(()) } else { Err(Stop::skipped("this kernel runs without IPv6")) }
}

/// Whether `AF_INET6` sockets can be made, whatever addresses there are.
pub(crate) fn has_inet6() -> bool {
    rustix::net::socket(AddressFamily::INET6, SocketType::STREAM, None).is_ok()
}

/// Skips the test where they cannot.
pub(crate) fn require_inet6() -> Outcome {
    if has_inet6() { Ok(()) } else { Err(Stop::skipped("this kernel makes no AF_INET6 sockets")) }
}

/// Skips the test on a kernel without MPTCP.
pub(crate) fn require_mptcp() -> Outcome {
    match rustix::net::socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Stop::skipped(format!("this kernel makes no MPTCP sockets ({error})"))),
    }
}

/// Skips the test where `program` is not installed.
pub(crate) fn require_program(program: &str) -> Outcome {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH does not name the folders of servers on Debian.
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    if folders.any(|folder| folder.join(program).is_file()) {
        return Ok(());
    }
    Err(Stop::skipped(format!("there is no {program}")))
}

/// Where cgroup v2 is mounted, if it is.
pub(crate) fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        // "36 35 98:0 /root /mount/point options optional fields - type source options": proc(5).
        let (head, tail) = line.split_once(" - ")?;
        (tail.split(' ').next()? == "cgroup2").then(|| PathBuf::from(head.split(' ').nth(4).unwrap_or_default()))
    })
}

/// The id of this process's cgroup, which is the inode number of its folder; none where no cgroup v2 is mounted.
pub(crate) fn cgroup_id() -> Option<u64> {
    let cgroups = fs::read_to_string("/proc/thread-self/cgroup").ok()?;
    let path = cgroups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    inode(cgroup2()?.join(path)).ok()
}

/// The inode number behind a link such as `/proc/self/ns/net`.
pub(crate) fn inode(path: impl AsRef<Path>) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(path)?.ino())
}
