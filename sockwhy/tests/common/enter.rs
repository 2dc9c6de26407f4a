//! Starting a program in other namespaces, or as another user. This program is started first, changes itself, and then
//! executes the other one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::{env, io};

use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind_recursive, mount_change};
use rustix::process::{
    Gid, Pid, Resource, Rlimit, Signal, Uid, chroot, kill_process, set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, LinkNameSpaceType, UnshareFlags, configure_capability_in_ambient_set,
    move_into_link_name_space, remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid, unshare_unsafe,
};
use serde::{Deserialize, Serialize};

use super::netlink;

/// The first argument that starts this program for that.
pub(crate) const ARGUMENT: &str = "enter";

/// Where a program runs, and as which user. By default, as the tests do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a change of its own")]
pub(crate) struct Enter {
    /// A new network namespace, its loopback device up.
    pub(crate) network: bool,
    /// A new PID namespace with a `/proc` of its own: the program is its first process.
    pub(crate) pids: bool,
    /// A new time namespace, whose monotonic clock is this many seconds ahead.
    pub(crate) monotonic: Option<u32>,
    /// The PID and mount namespaces of this process.
    pub(crate) join: Option<u32>,
    /// Folders to hide: they are empty there.
    pub(crate) hide: Vec<PathBuf>,
    /// A root that is no mount, as `chroot` makes it.
    pub(crate) chroot: bool,
    /// A filter of system calls that refuses `bpf()`.
    pub(crate) seccomp: bool,
    /// `RLIMIT_MEMLOCK`, in bytes.
    pub(crate) memlock: Option<u64>,
    /// Where tracefs is mounted.
    pub(crate) tracefs: Option<PathBuf>,
    /// Another user.
    pub(crate) user: Option<u32>,
    /// No more than these capabilities, as bits of [`CapabilitySet`].
    pub(crate) capabilities: Option<u64>,
    /// A new `/proc` for its PID namespace.
    pub(crate) proc: bool,
}

impl Enter {
    /// A command that starts `program` there.
    pub(crate) fn command(&self, program: &Path) -> Command {
        if *self == Self::default() { Command::new(program) } else { self.wrapped(program) }
    }

    fn wrapped(&self, program: &Path) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command.arg(ARGUMENT).arg(serde_json::to_string(self).expect("it is plain data")).arg(program);
        command
    }
}

/// `enter SETTINGS PROGRAM ARGUMENTS…`
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> io::Result<ExitCode> {
    let settings = arguments.next().and_then(|settings| settings.into_string().ok()).unwrap_or_default();
    let enter: Enter = serde_json::from_str(&settings)?;
    let program = PathBuf::from(arguments.next().ok_or(io::ErrorKind::InvalidInput)?);
    set_parent_process_death_signal(Some(Signal::KILL))?;
    change_namespaces(&enter)?;
    if enter.pids || enter.monotonic.is_some() || enter.join.is_some() {
        // Only child processes are in the new PID or time namespace.
        let inside = Enter {
            proc: enter.pids,
            user: enter.user,
            capabilities: enter.capabilities,
            seccomp: enter.seccomp,
            memlock: enter.memlock,
            ..Enter::default()
        };
        let mut command = inside.wrapped(&program);
        // SAFETY: it does nothing. With it std forks: before Linux 6.3, vfork() into a new time namespace gives EINVAL
        // (`copy_namespaces()`).
        unsafe { command.pre_exec(|| Ok(())) };
        let status = command.args(arguments).spawn()?.wait()?;
        return Ok(ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(u8::MAX)));
    }
    if enter.proc {
        mount("proc", "/proc", "proc", MountFlags::empty(), None)?;
    }
    change_credentials(&enter)?;
    Err(Command::new(program).args(arguments).exec())
}

fn change_namespaces(enter: &Enter) -> io::Result<()> {
    if let Some(pid) = enter.join {
        let pids = File::open(format!("/proc/{pid}/ns/pid"))?;
        let mounts = File::open(format!("/proc/{pid}/ns/mnt"))?;
        move_into_link_name_space(pids.as_fd(), Some(LinkNameSpaceType::ProcessID))?;
        move_into_link_name_space(mounts.as_fd(), Some(LinkNameSpaceType::Mount))?;
    }
    let mounts = enter.pids || enter.chroot || enter.tracefs.is_some() || !enter.hide.is_empty();
    let mut new = UnshareFlags::empty();
    new.set(UnshareFlags::NEWNET, enter.network);
    new.set(UnshareFlags::NEWPID, enter.pids);
    new.set(UnshareFlags::NEWTIME, enter.monotonic.is_some());
    new.set(UnshareFlags::NEWNS, mounts);
    // SAFETY: only a separate table of descriptors would be dangerous.
    unsafe { unshare_unsafe(new) }?;
    if enter.network {
        netlink::up("lo")?;
    }
    if let Some(seconds) = enter.monotonic {
        fs::write("/proc/self/timens_offsets", format!("monotonic {seconds} 0"))?;
    }
    if mounts {
        // What is mounted from here on is not seen elsewhere.
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    }
    for folder in enter.hide.iter().filter(|folder| folder.is_dir()) {
        mount("none", folder, "tmpfs", MountFlags::empty(), None)?;
    }
    if let Some(folder) = &enter.tracefs {
        match mount("tracefs", folder, "tracefs", MountFlags::empty(), None) {
            // It is mounted already.
            Ok(()) | Err(Errno::BUSY) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if enter.chroot { change_root() } else { Ok(()) }
}

/// Everything is where it was, but the root is a folder.
fn change_root() -> io::Result<()> {
    let root = Path::new("/mnt/root");
    // The guests' root has few folders.
    fs::create_dir_all("/mnt")?;
    mount("none", "/mnt", "tmpfs", MountFlags::empty(), None)?;
    fs::create_dir(root)?;
    for entry in fs::read_dir("/")?.flatten().filter(|entry| entry.file_name() != "mnt") {
        let (there, here) = (entry.path(), root.join(entry.file_name()));
        if entry.file_type()?.is_symlink() {
            symlink(fs::read_link(there)?, here)?;
        } else if entry.file_type()?.is_dir() {
            fs::create_dir(&here)?;
            mount_bind_recursive(there, here)?;
        } else if entry.file_type()?.is_file() {
            File::create(&here)?;
            mount_bind_recursive(there, here)?;
        }
    }
    chroot(root)?;
    env::set_current_dir("/")
}

/// As older profiles of container engines do where `CAP_SYS_ADMIN` is missing.
fn refuse_bpf() -> io::Result<()> {
    let bpf = u32::try_from(libc::SYS_bpf).expect("system calls have small numbers");
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
    let step =
        |code: u32, jt, jf, k| libc::sock_filter { code: code.try_into().expect("opcodes are small"), jt, jf, k };
    // The number of the system call is the first word of `struct seccomp_data`.
    let mut filter = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, bpf),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, refuse),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the kernel copies the filter, which is valid to read.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn change_credentials(enter: &Enter) -> io::Result<()> {
    if enter.seccomp {
        refuse_bpf()?;
    }
    if let Some(bits) = enter.capabilities {
        let kept = CapabilitySet::from_bits_retain(bits);
        // Up to 5.10, maps count against RLIMIT_MEMLOCK, which an ordinary user cannot raise. Later kernels ignore it.
        let _refused = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
        for capability in CapabilitySet::all().iter().filter(|capability| !kept.contains(*capability)) {
            // Capabilities that this kernel does not know cannot be removed.
            let _unknown = remove_capability_from_bounding_set(capability);
        }
        if let Some(user) = enter.user {
            change_user(user)?;
        }
        set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: kept })?;
        for capability in kept.iter() {
            configure_capability_in_ambient_set(capability, true)?;
        }
    } else if let Some(user) = enter.user {
        change_user(user)?;
        set_keep_capabilities(false)?;
    }
    if enter.memlock.is_some() {
        setrlimit(Resource::Memlock, Rlimit { current: enter.memlock, maximum: enter.memlock })?;
    }
    // The change of credentials has cleared it.
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Becomes another user and keeps the capabilities until the next program.
fn change_user(user: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    Ok(set_thread_res_uid(uid, uid, uid)?)
}

/// The PID of the program that process `pid` has started, or that it has become.
pub(crate) fn inner_pid(pid: u32) -> u32 {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if arguments.split(|byte| *byte == 0).nth(1) != Some(ARGUMENT.as_bytes()) {
        return pid;
    }
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().next().and_then(|child| child.parse().ok()).map_or(pid, inner_pid)
}

/// Ends a child and the program that it has started.
pub(crate) fn kill(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
        return;
    }
    let inner = inner_pid(child.id());
    if let Some(pid) = i32::try_from(inner).ok().and_then(Pid::from_raw) {
        // Both may have ended meanwhile.
        let _gone = kill_process(pid, Signal::KILL);
    }
    let _gone = child.kill();
    let _status = child.wait();
}
