//! What a program's file tells of the language that it was written in.

use std::fs::File;

use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, ReadCache, ReadRef};

/// Largest section that is read, in bytes: the ones that matter have a few hundred.
const LIMIT: u64 = 64 * 1024;

/// Most sections that are looked at: as many as a header of the usual kind can have (`SHN_LORESERVE` and up mean others).
const MAX_SECTIONS: usize = 0xff00;

/// What the compiler left in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compiled {
    /// By Go, of this version where the file says so: `go1.24.1`.
    Go(Option<String>),
    /// By rustc, at least in part.
    Rust,
}

/// Looks at the names of the sections, and into two of them.
pub(super) fn compiled(file: File) -> Option<Compiled> {
    let cache = ReadCache::new(file);
    let data = &cache;
    // EI_CLASS
    match data.read_bytes_at(4, 1).ok()? {
        [object::elf::ELFCLASS64] => sections(FileHeader64::<Endianness>::parse(data).ok()?, data),
        [object::elf::ELFCLASS32] => sections(FileHeader32::<Endianness>::parse(data).ok()?, data),
        _ => None,
    }
}

fn sections<'data, H: FileHeader<Endian = Endianness>, R: ReadRef<'data>>(header: &H, data: R) -> Option<Compiled> {
    let endian = header.endian().ok()?;
    // A sparse file can claim to have billions, and they are read at once.
    if header.shnum(endian, data).ok()? > MAX_SECTIONS {
        return None;
    }
    let sections = header.sections(endian, data).ok()?;
    let content = |name: &[u8]| {
        let (_, section) = sections.section_by_name(endian, name)?;
        let (offset, size) = section.file_range(endian)?;
        data.read_bytes_at(offset, size.min(LIMIT)).ok()
    };
    if let Some(build) = content(b".go.buildinfo") {
        return Some(Compiled::Go(go_version(build)));
    }
    if content(b".note.go.buildid").is_some() {
        return Some(Compiled::Go(None));
    }
    let comment = content(b".comment")?;
    comment.split(|byte| *byte == 0).any(|line| line.starts_with(b"rustc version ")).then_some(Compiled::Rust)
}

/// The header of `.go.buildinfo` (Go's package `debug/buildinfo`): 14 bytes of magic, the size of a pointer, flags; since
/// Go 1.18 the version follows at 32 as a string with its length before it. Older ones point elsewhere.
fn go_version(build: &[u8]) -> Option<String> {
    const MAGIC: &[u8] = b"\xff Go buildinf:";
    const INLINE: u8 = 2;
    let header = build.strip_prefix(MAGIC)?;
    if header.get(1)? & INLINE == 0 {
        return None;
    }
    // The length is a varint; versions are short enough for its first byte.
    let (length, rest) = build.get(32..)?.split_first()?;
    let version = std::str::from_utf8(rest.get(..usize::from(*length))?).ok()?;
    (*length < 0x80 && version.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_info(flags: u8, version: &[u8]) -> Vec<u8> {
        let mut build = b"\xff Go buildinf:\x08".to_vec();
        build.push(flags);
        build.resize(32, 0);
        build.push(u8::try_from(version.len()).expect("versions are short"));
        build.extend_from_slice(version);
        build
    }

    #[test]
    fn go_tells_its_version() {
        assert_eq!(go_version(&build_info(2, b"go1.24.1")).as_deref(), Some("go1.24.1"));
        assert_eq!(go_version(&build_info(2, b"devel go1.25-abc")).as_deref(), Some("devel go1.25-abc"));
        assert_eq!(go_version(&build_info(0, b"go1.17")), None, "a pointer in those days");
    }

    #[test]
    fn a_malformed_build_info_tells_nothing() {
        let build = build_info(2, b"go1.24.1");
        for length in 0..build.len() {
            assert_eq!(go_version(&build[..length]), None, "cut off at {length}");
        }
        assert_eq!(go_version(&build_info(2, b"go\x1b[31m")), None, "no escape sequences");
        assert_eq!(go_version(&build_info(2, b"go\xff")), None);
    }

    #[test]
    fn this_test_was_compiled_by_rustc() {
        let own = File::open("/proc/self/exe").expect("it runs");
        assert_eq!(compiled(own), Some(Compiled::Rust));
    }

    /// In an ELF file of 64 bits, the number of sections may stand in the size of the first of them (`elf(5)`, `e_shnum`).
    #[test]
    fn a_program_with_billions_of_sections_tells_nothing() {
        const SIZE: u64 = 1 << 40;
        let path = std::env::temp_dir().join(format!("sockwhy-elf-{}", std::process::id()));
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(64, 0);
        header[0x28] = 64; // e_shoff: behind the header
        header[0x3a] = 64; // e_shentsize
        let mut first = vec![0; 64];
        first[0x20..0x28].copy_from_slice(&(SIZE / 64 - 1).to_le_bytes());
        std::fs::write(&path, [header, first].concat()).expect("there is room");
        let file = File::options().read(true).write(true).open(&path).expect("it is there");
        std::fs::remove_file(path).expect("it is ours");
        file.set_len(SIZE).expect("it is sparse");
        assert_eq!(compiled(file), None);
    }

    #[test]
    fn what_is_no_program_tells_nothing() {
        assert_eq!(compiled(File::open("/proc/self/cmdline").expect("it has one")), None);
        assert_eq!(compiled(File::open("/dev/null").expect("it is there")), None);
    }
}
