//! Cgroups: where the root of cgroup v2 is, and whether a namespace hides a part of the tree.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::mounts::{self, Mount};
use super::pid;

/// The root of cgroup v2, under which every process of the machine runs. A container sees a part of the tree that looks
/// like a root; the real one's inode number is 1 (`kernfs_create_root()`).
pub fn root() -> Option<File> {
    const ROOT_INODE: u64 = 1;
    mounted()
        .filter(|mount| fs::metadata(&mount.at).is_ok_and(|found| found.ino() == ROOT_INODE))
        .find_map(|mount| File::open(mount.at).ok())
}

/// Whether cgroup v2 is mounted anywhere, its root or a part.
pub fn is_mounted() -> bool {
    mounted().next().is_some()
}

fn mounted() -> impl Iterator<Item = Mount> {
    mounts::of(Path::new("/proc/self")).into_iter().filter(|mount| mount.kind == "cgroup2")
}

/// Whether no cgroup is hidden by a namespace. The kernel's threads are in the root of every hierarchy; where a
/// namespace begins further down they are seen above its root (`cgroup_namespaces(7)`). `None` where they are not seen
/// at all.
pub fn sees_all() -> Option<bool> {
    if pid::in_initial_namespace() != Some(true) {
        return None;
    }
    let groups = fs::read_to_string("/proc/2/cgroup").ok()?;
    Some(!groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|path| path.starts_with("/..")))
}
