//! Network namespaces: which there are, and going into one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace.
#[derive(Debug)]
pub struct Namespace {
    /// Its inode number, by which it is known.
    pub inode: u32,
    /// What keeps it and leads there; `None` for the one this process is in.
    file: Option<File>,
}

impl Namespace {
    /// The one this process is in.
    ///
    /// # Errors
    /// Where `/proc` is not mounted.
    pub fn own() -> io::Result<Self> {
        Ok(Self { inode: inode(Path::new("/proc/self/ns/net"))?, file: None })
    }

    /// The one that an open file leads to.
    ///
    /// # Errors
    /// Where the file cannot be asked.
    pub fn of(file: File) -> io::Result<Self> {
        Ok(Self { inode: number(&file.metadata()?)?, file: Some(file) })
    }

    /// Needs `CAP_SYS_ADMIN`, unless it is the own one.
    fn enter(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        Ok(move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?)
    }
}

/// Moves the calling thread from one namespace to the next and does `what` in each. Use a thread of its own: it is not
/// moved back. Where there are several, one that this user may not enter is skipped.
///
/// # Errors
/// The first other error.
pub fn visit(namespaces: &[Namespace], mut what: impl FnMut(u32) -> io::Result<()>) -> io::Result<()> {
    for namespace in namespaces {
        match namespace.enter().and_then(|()| what(namespace.inode)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && namespaces.len() > 1 => {
                log::debug!("network namespace {}: {error}", namespace.inode);
            }
            result => result.map_err(|error| {
                io::Error::new(error.kind(), format!("network namespace {}: {error}", namespace.inode))
            })?,
        }
    }
    Ok(())
}

/// Every network namespace that a process is in or that `ip netns` has named, this process's own first, then by inode
/// number; and how many processes' namespaces this user may not read. A namespace that only an open file or a thread
/// keeps alive is not found.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn all() -> io::Result<(Vec<Namespace>, u32)> {
    let own = Namespace::own()?;
    let mut found = BTreeMap::from([(own.inode, own)]);
    let mut denied = 0_u32;
    for process in fs::read_dir("/proc")?.flatten() {
        if process.file_name().to_string_lossy().parse::<u32>().is_ok() {
            match add(&mut found, &process.path().join("ns/net")) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => denied += 1,
                // It is gone.
                Err(_) | Ok(()) => {}
            }
        }
    }
    for directory in ["/run/netns", "/var/run/netns"] {
        for name in fs::read_dir(directory).into_iter().flatten().flatten() {
            if let Err(error) = add(&mut found, &name.path()) {
                log::debug!("{}: {error}", name.path().display());
            }
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    // This process's own first, because `visit` cannot go back to it.
    found.sort_by_key(|namespace| namespace.file.is_some());
    Ok((found, denied))
}

fn add(found: &mut BTreeMap<u32, Namespace>, path: &Path) -> io::Result<()> {
    if !found.contains_key(&inode(path)?) {
        // What the path leads to may have changed meanwhile.
        let namespace = Namespace::of(File::open(path)?)?;
        found.entry(namespace.inode).or_insert(namespace);
    }
    Ok(())
}

pub(super) fn inode(path: &Path) -> io::Result<u32> {
    number(&fs::metadata(path)?)
}

fn number(metadata: &fs::Metadata) -> io::Result<u32> {
    u32::try_from(metadata.ino()).map_err(io::Error::other)
}
