//! Network namespaces, and going into one.

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

    /// Whether it is the one that this process is in.
    pub fn is_own(&self) -> bool {
        self.file.is_none()
    }

    /// Needs `CAP_SYS_ADMIN`, unless it is the own one.
    fn enter(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        Ok(move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?)
    }
}

/// Moves the calling thread from one namespace to the next and does `what` in each. Use a thread of its own: it is not
/// moved back. The own one must come first. One that cannot be entered, or in which `what` fails, is skipped.
///
/// # Errors
/// The first error, where all are skipped.
pub fn visit(namespaces: &[Namespace], mut what: impl FnMut(u32) -> io::Result<()>) -> io::Result<()> {
    let mut first_error = None;
    let mut visited = namespaces.is_empty();
    for namespace in namespaces {
        match namespace.enter().and_then(|()| what(namespace.inode)) {
            Ok(()) => visited = true,
            Err(error) => {
                let error = io::Error::new(error.kind(), format!("network namespace {}: {error}", namespace.inode));
                log::debug!("left out: {error}");
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if !visited => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn inode(path: &Path) -> io::Result<u32> {
    number(&fs::metadata(path)?)
}

fn number(metadata: &fs::Metadata) -> io::Result<u32> {
    u32::try_from(metadata.ino()).map_err(io::Error::other)
}
