//! Which processes have which sockets, from the links in `/proc/PID/fd`. Descriptors of a thread that has a table of its own
//! are left out.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;

use rustix::fs::readlinkat_raw;
use rustix::io::Errno;
use sockwhy_common::COMM_LEN;

use super::pid;
use crate::model::socket::{Descriptor, Owner};

/// Every descriptor of a socket that this user may see, and whether that is all of them.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn scan() -> io::Result<(Vec<Descriptor>, bool)> {
    let mut found = Vec::new();
    let mut all = true;
    for process in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = number(&process) else { continue };
        match descriptors(&process.path(), pid, &mut found) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => all = false,
            // It has ended meanwhile.
            Err(_) | Ok(()) => {}
        }
    }
    Ok((found, all))
}

/// Checks that this user may see the descriptors of a process.
///
/// # Errors
/// Where it may not, or the process is gone.
pub fn may_see(pid: u32) -> io::Result<()> {
    fs::read_dir(pid::folder(pid).join("fd")).map(drop)
}

fn descriptors(process: &Path, pid: u32, found: &mut Vec<Descriptor>) -> io::Result<()> {
    let mut path = process.join("fd");
    let mut entries = fs::read_dir(&path)?.peekable();
    if entries.peek().is_none() {
        // It has none, or its main thread has ended.
        path = pid::folder(pid).join("fd");
        entries = fs::read_dir(&path)?.peekable();
    }
    // The links are read relative to it, without a path for each.
    let directory = File::open(&path)?;
    let mut name = None;
    for entry in entries {
        let entry = entry?;
        let Some(fd) = number(&entry) else { continue };
        let mut link = [0; LINK];
        let length = match readlinkat_raw(&directory, entry.file_name(), &mut link[..]) {
            Ok(length) => length,
            // The kernel checks access again for each link (`proc_fd_access_allowed`).
            Err(Errno::ACCESS) => return Err(Errno::ACCESS.into()),
            // It has been closed meanwhile.
            Err(_) => continue,
        };
        if let Some(inode) = inode(&link[..length]) {
            let process = match name {
                Some(name) => name,
                None => *name.insert(comm(process)?),
            };
            found.push(Descriptor { inode, owner: Owner { pid: Some(pid), process: process.into(), fd } });
        }
    }
    Ok(())
}

/// Enough for `socket:[4294967295]`; what is longer is not a socket.
const LINK: usize = 32;

/// `socket:[` and the inode number (`sockfs_dname`).
fn inode(link: &[u8]) -> Option<u64> {
    std::str::from_utf8(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?).ok()?.parse().ok()
}

fn number(entry: &DirEntry) -> Option<u32> {
    entry.file_name().to_str()?.parse().ok()
}

/// The process's name, which can hold any byte but NUL, also the newline that `/proc` puts behind it.
fn comm(process: &Path) -> io::Result<[u8; COMM_LEN]> {
    let text = fs::read(process.join("comm"))?;
    let mut comm = [0; COMM_LEN];
    let name = text.strip_suffix(b"\n").unwrap_or(&text);
    let length = name.len().min(COMM_LEN - 1);
    comm[..length].copy_from_slice(&name[..length]);
    Ok(comm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_sockets_have_an_inode() {
        assert_eq!(inode(b"socket:[4294967295]"), Some(u64::from(u32::MAX)));
        for link in ["pipe:[1]", "socket:[]", "socket:[x]", "socket:[1", "/tmp/socket:[1]", "anon_inode:[eventpoll]"] {
            assert_eq!(inode(link.as_bytes()), None, "{link}");
        }
    }
}
