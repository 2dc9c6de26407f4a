//! What this host offers: capabilities, the root of cgroup v2, lockdown. Facts only, nothing is changed.

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
    /// `CAP_SYS_PTRACE`: other users' entries of `/proc`.
    SysPtrace,
    /// `CAP_SYS_ADMIN`: other network namespaces.
    SysAdmin,
}

impl Capability {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Bpf, Self::Perfmon, Self::NetAdmin, Self::SysPtrace, Self::SysAdmin];

    /// Its name, as `capsh` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bpf => "CAP_BPF",
            Self::Perfmon => "CAP_PERFMON",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
        }
    }

    /// Whether this thread has it. `CAP_SYS_ADMIN` includes the first two (`bpf_capable()`, `perfmon_capable()`).
    #[must_use]
    pub fn is_held(self) -> bool {
        match self {
            Self::Bpf => has(CapabilitySet::BPF | CapabilitySet::SYS_ADMIN),
            Self::Perfmon => has(CapabilitySet::PERFMON | CapabilitySet::SYS_ADMIN),
            Self::NetAdmin => has(CapabilitySet::NET_ADMIN),
            Self::SysPtrace => has(CapabilitySet::SYS_PTRACE),
            Self::SysAdmin => has(CapabilitySet::SYS_ADMIN),
        }
    }

    /// Those that this thread lacks. In a user namespace all count as lacking: the kernel asks for those of the initial
    /// one (`capable()`, not `ns_capable()`).
    #[must_use]
    pub fn missing(needed: &[Self]) -> Vec<Self> {
        needed.iter().copied().filter(|capability| in_user_namespace() || !capability.is_held()).collect()
    }

    /// How to get those that are missing, ending with a command to paste: `command` is what was tried.
    #[must_use]
    pub fn remedy(missing: &[Self], command: &str) -> String {
        if in_user_namespace() {
            return format!(
                "{} of the initial user namespace: run it outside of the container, sudo {command}",
                Self::list(missing)
            );
        }
        if rustix::process::geteuid().is_root() {
            let options: Vec<_> =
                missing.iter().map(|capability| capability.name().replace("CAP_", "--cap-add ")).collect();
            return format!(
                "root lacks it, as in a container, which gets it by docker run {}; outside: sudo {command}",
                options.join(" ")
            );
        }
        format!("run it as root: sudo {command}")
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

/// Whether cgroup v2 is mounted anywhere, its root or a part.
#[must_use]
pub fn has_cgroup2() -> bool {
    mounts().iter().any(|mount| mount.kind == "cgroup2")
}

/// Whether programs can attach to kprobes: perf has them as an event source (since 4.17).
#[must_use]
pub fn has_kprobes() -> bool {
    Path::new("/sys/bus/event_source/devices/kprobe/type").exists()
}

/// Whether every process of the machine is to be seen, as in the initial PID namespace: the kernel's own threads are in
/// no other, and the second process there is the first of them (`rest_init()`).
#[must_use]
pub fn sees_every_process() -> bool {
    in_initial_pid_namespace() == Some(true)
}

/// Inode number of the PID namespace that this process runs in.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn pid_namespace() -> std::io::Result<u32> {
    namespace("pid")
}

/// Inode number of a namespace that this process runs in, by its name in `/proc/PID/ns`.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn namespace(kind: &str) -> std::io::Result<u32> {
    let inode = fs::metadata(Path::new("/proc/self/ns").join(kind))?.ino();
    u32::try_from(inode).map_err(std::io::Error::other)
}

/// A setting of this host that explains a refusal which capabilities do not.
#[must_use]
pub fn hint() -> Option<&'static str> {
    if lockdown().is_some_and(|mode| mode == "confidentiality") {
        return Some("kernel lockdown is in confidentiality mode");
    }
    // Debian's and Android's addition: level 3 leaves perf_event_open() to CAP_SYS_ADMIN.
    let restricted = sysctl("kernel/perf_event_paranoid").is_some_and(|level| level > 2);
    (restricted && !has(CapabilitySet::SYS_ADMIN))
        .then_some("kernel.perf_event_paranoid is above 2, which asks for CAP_SYS_ADMIN")
}

/// The mode that the kernel is locked down in (`kernel_lockdown(7)`): the word that
/// `/sys/kernel/security/lockdown` has in brackets.
#[must_use]
pub fn lockdown() -> Option<String> {
    let modes = fs::read_to_string("/sys/kernel/security/lockdown").ok()?;
    let (_, chosen) = modes.split_once('[')?;
    Some(chosen.split_once(']')?.0.to_owned())
}

/// A number under `/proc/sys`.
#[must_use]
pub fn sysctl(path: &str) -> Option<i64> {
    fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?.trim().parse().ok()
}

/// Whether this process is in the initial PID namespace, which is the one that has the kernel's own threads: kthreadd is
/// its second task (`rest_init()`). `None` where other users' processes are hidden (`hidepid`).
#[must_use]
pub fn in_initial_pid_namespace() -> Option<bool> {
    /// `include/linux/sched.h`
    const PF_KTHREAD: u64 = 0x0020_0000;
    let Ok(stat) = fs::read_to_string("/proc/2/stat") else {
        return Path::new("/proc/1").exists().then_some(false);
    };
    // proc_pid_stat(5): the flags are the seventh field after the name, which may have brackets of its own.
    let (_, fields) = stat.rsplit_once(") ")?;
    let flags: u64 = fields.split(' ').nth(6)?.parse().ok()?;
    Some(flags & PF_KTHREAD != 0)
}

/// Whether no cgroup is hidden by a namespace. The kernel's threads are in the root of every hierarchy; where a namespace
/// begins further down they are seen above its root (`cgroup_namespaces(7)`). `None` where they are not seen at all.
#[must_use]
pub fn sees_all_cgroups() -> Option<bool> {
    if in_initial_pid_namespace() != Some(true) {
        return None;
    }
    let groups = fs::read_to_string("/proc/2/cgroup").ok()?;
    Some(!groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|path| path.starts_with("/..")))
}
