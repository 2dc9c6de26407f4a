//! What this host offers: capabilities, the root of cgroup v2, tracefs, lockdown. Facts only, nothing is changed.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::thread::CapabilitySet;

/// The capabilities that sockwhy can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// `CAP_BPF`: maps and programs.
    Bpf,
    /// `CAP_PERFMON`: programs that read kernel memory.
    Perfmon,
    /// `CAP_NET_ADMIN`: programs on cgroups.
    NetAdmin,
}

impl Capability {
    /// Its name, as `capsh` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bpf => "CAP_BPF",
            Self::Perfmon => "CAP_PERFMON",
            Self::NetAdmin => "CAP_NET_ADMIN",
        }
    }

    /// Whether this thread has it. `CAP_SYS_ADMIN` includes the first two (`bpf_capable()`, `perfmon_capable()`).
    #[must_use]
    pub fn is_held(self) -> bool {
        match self {
            Self::Bpf => has(CapabilitySet::BPF | CapabilitySet::SYS_ADMIN),
            Self::Perfmon => has(CapabilitySet::PERFMON | CapabilitySet::SYS_ADMIN),
            Self::NetAdmin => has(CapabilitySet::NET_ADMIN),
        }
    }

    /// Those that this thread lacks. In a user namespace all count as lacking: the kernel asks for those of the initial
    /// one (`capable()`, not `ns_capable()`).
    #[must_use]
    pub fn missing(needed: &[Self]) -> Vec<Self> {
        needed.iter().copied().filter(|capability| in_user_namespace() || !capability.is_held()).collect()
    }

    /// "`CAP_BPF` and `CAP_PERFMON`".
    #[must_use]
    pub fn list(capabilities: &[Self]) -> String {
        capabilities.iter().map(|capability| capability.name()).collect::<Vec<_>>().join(" and ")
    }
}

/// Whether this thread has one of these.
fn has(any: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|held| held.effective.intersects(any))
}

/// Whether this process runs in another user namespace than the initial one, whose map is the identity over all ids.
#[must_use]
pub fn in_user_namespace() -> bool {
    const ALL: [&str; 3] = ["0", "0", "4294967295"];
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !map.split_whitespace().eq(ALL))
}

/// A file system that is mounted here, as `/proc/self/mountinfo` tells.
struct Mount {
    kind: String,
    at: PathBuf,
}

/// `proc_pid_mountinfo(5)`: the mount point is the fifth field, the type the first after " - ".
fn mounts() -> Vec<Mount> {
    let Ok(info) = fs::read("/proc/self/mountinfo") else { return Vec::new() };
    String::from_utf8_lossy(&info)
        .lines()
        .filter_map(|line| {
            let (fields, kind) = line.split_once(" - ")?;
            let at = fields.split(' ').nth(4)?.replace("\\040", " ");
            Some(Mount { kind: kind.split(' ').next()?.to_owned(), at: PathBuf::from(at) })
        })
        .collect()
}

/// The root of cgroup v2, under which every process of the machine runs. A container sees a part of the tree that looks
/// like a root; the real one's inode number is 1 (`kernfs_create_root()`).
#[must_use]
pub fn cgroup_root() -> Option<File> {
    const ROOT_INODE: u64 = 1;
    mounts()
        .into_iter()
        .filter(|mount| mount.kind == "cgroup2")
        .filter(|mount| fs::metadata(&mount.at).is_ok_and(|found| found.ino() == ROOT_INODE))
        .find_map(|mount| File::open(mount.at).ok())
}

/// Whether tracefs is mounted and may be read, at one of the places where aya looks for it.
#[must_use]
pub fn has_tracefs() -> bool {
    ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
        .iter()
        .any(|at| Path::new(at).join("events/syscalls/sys_exit_accept4/id").exists())
}

/// Inode number of the PID namespace that this process runs in.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn pid_namespace() -> std::io::Result<u32> {
    let inode = fs::metadata("/proc/self/ns/pid")?.ino();
    u32::try_from(inode).map_err(std::io::Error::other)
}

/// A setting of this host that explains a refusal which capabilities do not.
#[must_use]
pub fn hint() -> Option<&'static str> {
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return Some("kernel lockdown is in confidentiality mode");
    }
    // Debian's and Android's addition: level 3 leaves perf_event_open() to CAP_SYS_ADMIN.
    let paranoid = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").unwrap_or_default();
    let restricted = paranoid.trim().parse().is_ok_and(|level: i32| level > 2);
    (restricted && !has(CapabilitySet::SYS_ADMIN))
        .then_some("kernel.perf_event_paranoid is above 2, which asks for CAP_SYS_ADMIN")
}
