//! What is mounted where (`proc_pid_mountinfo(5)`).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Which part of the file system is mounted, in its own words: a path, or `net:[4026531840]`.
    pub(super) root: String,
    /// Where, below the root of the process.
    pub(super) at: PathBuf,
    /// Type of the file system.
    pub(super) kind: String,
}

/// The mounts that a process or thread sees, which `folder` of `/proc` is about. None where it may not be read.
pub(super) fn of(folder: &Path) -> Vec<Mount> {
    let info = fs::read(folder.join("mountinfo")).unwrap_or_default();
    info.split(|byte| *byte == b'\n').filter_map(mount).collect()
}

/// The fourth field, the fifth, and the first behind the hyphen.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ').skip(3);
    let (root, at) = (fields.next()?, fields.next()?);
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    Some(Mount { root: text(root), at: OsString::from_vec(unescaped(at)).into(), kind: text(kind) })
}

/// Space, tab, newline and backslash stand there as three octal digits (`mangle()`).
fn unescaped(mut field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, rest @ ..] = field {
        let digits = rest.first_chunk::<3>().filter(|_| *first == b'\\');
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(code.unwrap_or(*first));
        field = if code.is_some() { &rest[3..] } else { rest };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mount_point_can_hold_any_byte() {
        let line = b"36 35 0:4 net:[4026532345] /run/a\\040b\\134\xff rw shared:1 master:2 - nsfs nsfs rw";
        let mount = mount(line).unwrap();
        assert_eq!((mount.root.as_str(), mount.kind.as_str()), ("net:[4026532345]", "nsfs"));
        assert_eq!(mount.at.as_os_str().as_bytes(), b"/run/a b\\\xff");
    }

    #[test]
    fn this_process_sees_proc() {
        let mounts = of(Path::new("/proc/self"));
        assert!(mounts.iter().any(|mount| mount.kind == "proc" && mount.at == Path::new("/proc")), "{mounts:?}");
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(line: Vec<u8>) {
            let _any = mount(&line);
            prop_assert!(unescaped(&line).len() <= line.len());
        }
    }
}
