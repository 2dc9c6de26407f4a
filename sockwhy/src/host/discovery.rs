//! Which network namespaces there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::mounts::{self, Mount};
use super::netns::{Namespace, inode};
use crate::model::Sanitized;

/// Every network namespace that a thread is in or that a file leads to, as `ip netns` and container engines mount it. This
/// process's own comes first, then by inode number. Also how many processes' namespaces this user may not read.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn all() -> io::Result<(Vec<Namespace>, u32)> {
    raise_limit();
    let mut search = Search::begin()?;
    let mut denied = 0;
    for process in numbered(Path::new("/proc"))? {
        match search.threads(&process).and_then(|()| search.mounts(&process)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => denied += 1,
            // It is gone.
            Err(_) | Ok(()) => {}
        }
    }
    search.note_foreign_files();
    Ok((search.end(), denied))
}

/// The network namespaces that the threads of a process are in, without this process's own.
///
/// # Errors
/// Where this user may not know, or `/proc` is not mounted.
pub fn of_process(pid: u32) -> io::Result<Vec<Namespace>> {
    let mut search = Search::begin()?;
    search.threads(&Path::new("/proc").join(pid.to_string()))?;
    let mut found = search.end();
    found.remove(0);
    Ok(found)
}

/// Each namespace takes a descriptor, and a machine can have more of them than a process may have descriptors by default.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        log::debug!("RLIMIT_NOFILE stays as it is: {error}");
    }
}

/// The folders whose names are numbers: those of processes, or of threads.
fn numbered(folder: &Path) -> io::Result<impl Iterator<Item = PathBuf>> {
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir(folder)?.flatten();
    Ok(entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_number)).map(|entry| entry.path()))
}

struct Search {
    found: BTreeMap<u32, Namespace>,
    /// The device that all files of namespaces are on.
    nsfs: u64,
    /// The mount namespaces that were looked through, by inode number.
    mount_namespaces: BTreeSet<u32>,
}

impl Search {
    fn begin() -> io::Result<Self> {
        let own = Namespace::own()?;
        let nsfs = fs::metadata("/proc/self/ns/net")?.dev();
        Ok(Self { found: BTreeMap::from([(own.inode, own)]), nsfs, mount_namespaces: BTreeSet::new() })
    }

    fn end(self) -> Vec<Namespace> {
        let mut found: Vec<_> = self.found.into_values().collect();
        found.sort_by_key(|namespace| !namespace.is_own());
        found
    }

    /// A process that has ended is in none, and so is a main thread that has ended.
    fn threads(&mut self, process: &Path) -> io::Result<()> {
        for thread in numbered(&process.join("task"))? {
            match self.thread(&thread) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    log::debug!("the network namespace of {} is unknown: {error}", thread.display());
                }
                Err(_) | Ok(()) => {}
            }
        }
        Ok(())
    }

    fn thread(&mut self, thread: &Path) -> io::Result<()> {
        let path = thread.join("ns/net");
        if !self.found.contains_key(&inode(&path)?) {
            // What the path leads to may have changed meanwhile.
            self.add(Namespace::of(File::open(path)?)?);
        }
        Ok(())
    }

    fn add(&mut self, namespace: Namespace) {
        self.found.entry(namespace.inode).or_insert(namespace);
    }

    /// A namespace without a thread is there as long as it is mounted.
    fn mounts(&mut self, process: &Path) -> io::Result<()> {
        for thread in numbered(&process.join("task"))? {
            // One that has ended sees no mounts.
            if inode(&thread.join("ns/mnt")).is_ok_and(|inode| self.mount_namespaces.insert(inode)) {
                self.mounts_of(&thread);
            }
        }
        Ok(())
    }

    fn mounts_of(&mut self, thread: &Path) {
        for mount in mounts::of(thread).iter().filter(|mount| mount.kind == "nsfs") {
            let Some(inode) = network_namespace(mount).filter(|inode| !self.found.contains_key(inode)) else {
                continue;
            };
            match self.open(thread, mount, inode) {
                Ok(namespace) => self.add(namespace),
                Err(error) => log::debug!(
                    "the network namespace {inode}, mounted on {} of {}, cannot be reached: {error}",
                    Sanitized::Text(mount.at.as_os_str().as_bytes()),
                    thread.display()
                ),
            }
        }
    }

    /// Another file can stand in front of the mount. So the path is opened without effect, and what it leads to is compared.
    fn open(&self, thread: &Path, mount: &Mount, inode: u32) -> io::Result<Namespace> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = openat(CWD, thread.join("root"), flags | OFlags::DIRECTORY, Mode::empty())?;
        let below_root = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let path = File::from(openat2(root, &mount.at, flags, Mode::empty(), below_root)?);
        let metadata = path.metadata()?;
        if (metadata.dev(), metadata.ino()) != (self.nsfs, inode.into()) {
            return Err(io::Error::other("another file hides it"));
        }
        Namespace::of(File::open(format!("/proc/thread-self/fd/{}", path.as_raw_fd()))?)
    }

    /// `ip netns` takes everything there for a namespace. It makes a plain file before it mounts one on it, and that file
    /// stays where a crash or a restart takes the mount away.
    fn note_foreign_files(&self) {
        for name in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
            if !inode(&name.path()).is_ok_and(|inode| self.found.contains_key(&inode)) {
                let name = name.file_name();
                log::debug!("/run/netns/{} leads to no network namespace", Sanitized::Text(name.as_bytes()));
            }
        }
    }
}

/// The number of a network namespace that is mounted (`nsfs_show_path()`).
fn network_namespace(mount: &Mount) -> Option<u32> {
    mount.root.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}
