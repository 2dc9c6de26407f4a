//! What `/proc` says of one process. Whoever runs the process chooses all of it, and any of it can vanish while it is
//! read. So reading is bounded, and what cannot be read counts as missing.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::pid;

/// How much of a file is read at most, in bytes: many times the largest maps and command lines found in practice.
const LIMIT: u64 = 8 << 20;

/// A process, as far as this user may look into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its PID, as sockwhy's PID namespace numbers it.
    pub pid: u32,
    /// Its name. Anybody may read it, and the process may change it.
    pub name: Vec<u8>,
    /// Name of the file that it runs, without the folders; `None` where this user may not know.
    pub program: Option<Vec<u8>>,
    /// Its command line.
    pub arguments: Vec<Vec<u8>>,
    /// The environment that it was started with, `NAME=value`; empty where this user may not know.
    pub environment: Vec<Vec<u8>>,
    /// Names of the files that are mapped into its memory, without the folders; empty where this user may not know.
    pub libraries: Vec<Vec<u8>>,
    /// Its PID in its own PID namespace.
    pub inner_pid: Option<u32>,
    /// The path of its cgroup: of the longest one, where it is in several hierarchies.
    pub cgroup: Vec<u8>,
}

impl Process {
    /// Reads what this user may read.
    pub fn read(pid: u32) -> Self {
        let folder = pid::folder(pid);
        let file = |name: &str| read(&folder.join(name));
        Self {
            pid,
            // The process's is that of its main thread.
            name: read(Path::new(&format!("/proc/{pid}/comm")))
                .strip_suffix(b"\n")
                .map(<[u8]>::to_vec)
                .unwrap_or_default(),
            program: std::fs::read_link(folder.join("exe")).ok().and_then(|path| program(&path)),
            arguments: strings(&file("cmdline")),
            environment: strings(&file("environ")),
            libraries: libraries(&file("maps")),
            inner_pid: inner_pid(&file("status")),
            cgroup: cgroup(&file("cgroup")),
        }
    }

    /// Value of an environment variable. If it is there twice, the C library takes the first.
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.environment.iter().find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    /// The file that it runs.
    pub fn executable(&self) -> Option<File> {
        regular(openat(CWD, pid::folder(self.pid).join("exe"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?)
    }

    /// A file as the process sees it, in its own root. A container's paths and links cannot lead out of it.
    pub fn file(&self, path: &Path) -> Option<Vec<u8>> {
        let path = self.folder().join(path);
        let root = self.root()?;
        let file = regular(open_in(&root, &path, OFlags::RDONLY).ok()?)?;
        Some(bounded(file))
    }

    /// Names of the entries of a folder as the process sees it.
    pub fn entries(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = || {
            let folder = open_in(&self.root()?, folder, OFlags::RDONLY | OFlags::DIRECTORY).ok()?;
            let entries = rustix::fs::Dir::new(folder).ok()?;
            let names = entries.take(usize::from(u16::MAX)).map_while(Result::ok);
            Some(names.map(|entry| PathBuf::from(OsStr::from_bytes(entry.file_name().to_bytes()))).collect())
        };
        entries().unwrap_or_default()
    }

    fn root(&self) -> Option<OwnedFd> {
        let path = pid::folder(self.pid).join("root");
        openat(CWD, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
    }

    fn folder(&self) -> PathBuf {
        std::fs::read_link(pid::folder(self.pid).join("cwd")).unwrap_or_else(|_| PathBuf::from("/"))
    }
}

/// Opens a path below a root. Links and `..` cannot lead out of it, and opening a pipe does not block.
fn open_in(root: &OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    openat2(root.as_fd(), path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
}

fn regular(file: OwnedFd) -> Option<File> {
    let file = File::from(file);
    file.metadata().is_ok_and(|metadata| metadata.is_file()).then_some(file)
}

fn read(path: &Path) -> Vec<u8> {
    File::open(path).map(bounded).unwrap_or_default()
}

/// A number that the kernel shows of one of this process's own descriptors (`proc_pid_fdinfo(5)`); `None` where it does
/// not show it.
pub fn own_descriptor(descriptor: i32, name: &str) -> Option<u64> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim().parse().ok()
}

/// What can be read, up to the limit. An error counts as the end of the file.
fn bounded(file: File) -> Vec<u8> {
    let mut content = Vec::new();
    let _cut_off = file.take(LIMIT).read_to_end(&mut content);
    content
}

/// A file's name. The kernel marks files that were replaced or removed.
fn program(path: &Path) -> Option<Vec<u8>> {
    let name = path.file_name()?.as_bytes();
    Some(name.strip_suffix(b" (deleted)").unwrap_or(name).to_vec())
}

/// Strings that each end with NUL.
fn strings(content: &[u8]) -> Vec<Vec<u8>> {
    let content = content.strip_suffix(b"\0").unwrap_or(content);
    if content.is_empty() {
        return Vec::new();
    }
    content.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// `proc_pid_maps(5)`: the path begins with the first slash of the line.
fn libraries(maps: &[u8]) -> Vec<Vec<u8>> {
    let paths = maps.split(|byte| *byte == b'\n').filter_map(|line| {
        let start = line.iter().position(|byte| *byte == b'/')?;
        program(Path::new(OsStr::from_bytes(&line[start..])))
    });
    let mut names: Vec<_> = paths.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The last number of `NSpid` (`proc_pid_status(5)`).
fn inner_pid(status: &[u8]) -> Option<u32> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"NSpid:"))?;
    std::str::from_utf8(line).ok()?.split_whitespace().last()?.parse().ok()
}

/// The third field of a line, which may have colons of its own (`cgroups(7)`).
fn cgroup(content: &[u8]) -> Vec<u8> {
    let paths = content.split(|byte| *byte == b'\n').filter_map(|line| line.splitn(3, |byte| *byte == b':').nth(2));
    paths.max_by_key(|path| path.len()).map(<[u8]>::to_vec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let this = Process::read(std::process::id());
        let own = std::env::current_exe().expect("tests have a file");
        assert_eq!(this.program.as_deref(), own.file_name().map(OsStrExt::as_bytes));
        assert_eq!(this.inner_pid, Some(std::process::id()), "in no PID namespace of its own");
        assert!(this.libraries.iter().any(|name| name.starts_with(b"libc.so")), "{:?}", this.libraries);
        assert!(this.file(Path::new("/proc/self/exe")).is_none(), "magic links lead out of the root");
        assert!(this.file(Path::new("/dev/null")).is_none(), "devices are no files");
    }

    #[test]
    fn a_process_that_is_gone_is_empty() {
        let gone = Process::read(u32::MAX);
        assert_eq!(gone, Process { pid: u32::MAX, ..Process::default() });
        assert_eq!(gone.file(Path::new("/etc/passwd")), None);
        assert!(gone.executable().is_none() && gone.entries(Path::new("/")).is_empty());
    }

    #[test]
    fn strings_end_with_nul_and_may_be_empty() {
        assert_eq!(strings(b""), Vec::<Vec<u8>>::new());
        assert_eq!(strings(b"a\0\0b\0"), [b"a".to_vec(), b"".to_vec(), b"b".to_vec()]);
        assert_eq!(strings(b"cut"), [b"cut".to_vec()]);
    }

    #[test]
    fn replaced_files_keep_their_names() {
        assert_eq!(program(Path::new("/usr/sbin/nginx (deleted)")), Some(b"nginx".to_vec()));
        assert_eq!(program(Path::new("/")), None);
    }

    #[test]
    fn the_longest_cgroup_says_most() {
        assert_eq!(cgroup(b"12:pids:/a:b/c\n1:name=systemd:/a\n0::/\n"), b"/a:b/c");
        assert_eq!(cgroup(b"0::/system.slice/nginx.service\n"), b"/system.slice/nginx.service");
        assert_eq!(cgroup(b""), b"");
    }

    #[test]
    fn libraries_are_named_once_and_without_folders() {
        let maps = b"7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/server/libjvm.so\n\
            7f02-7f03 r--p 00000000 08:01 1 /usr/lib/server/libjvm.so\n\
            7f04-7f05 rw-p 00000000 00:00 0 [heap]\n\
            7f06-7f07 r--p 00000000 08:01 2 /a b/li\xffb.so (deleted)\n";
        assert_eq!(libraries(maps), [b"libjvm.so".to_vec(), b"li\xffb.so".to_vec()]);
    }

    #[test]
    fn the_first_of_two_variables_counts() {
        let process = Process {
            environment: [&b"GODEBUGS=no"[..], b"GODEBUG=a=1", b"GODEBUG=b=2"].map(<[u8]>::to_vec).to_vec(),
            ..Process::default()
        };
        assert_eq!(process.variable("GODEBUG"), Some(&b"a=1"[..]));
        assert_eq!(process.variable("GO"), None);
    }
}
