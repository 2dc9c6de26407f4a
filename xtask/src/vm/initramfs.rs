//! A guest's root file system: an archive that the kernel unpacks into memory.

/// The archive's format is cpio's "newc", as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst
/// has it: for each file a header of hexadecimal numbers, the name and the content, both padded to four bytes.
#[derive(Default)]
pub(crate) struct Initramfs {
    bytes: Vec<u8>,
    files: u32,
}

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

impl Initramfs {
    /// Adds a directory. Those above it must have been added before.
    pub(crate) fn directory(&mut self, name: &str) {
        self.entry(name, DIRECTORY, &[]);
    }

    /// Adds a file that can be executed.
    pub(crate) fn file(&mut self, name: &str, content: &[u8]) {
        self.entry(name, PROGRAM, content);
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.files += 1;
        let length = |bytes: usize| u32::try_from(bytes).expect("the format holds less than 4 GiB");
        let header = [
            self.files, // inode
            mode,
            0, // uid
            0, // gid
            1, // links
            0, // mtime
            length(content.len()),
            0, // the device it is on, major
            0, // and minor
            0, // the device it is, major
            0, // and minor
            length(name.len() + 1),
            0, // checksum, unused in this format
        ];
        self.bytes.extend(b"070701");
        for number in header {
            self.bytes.extend(format!("{number:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_names_and_contents_are_aligned() {
        let mut archive = Initramfs::default();
        archive.file("init", b"hello");
        let bytes = archive.finish();
        // 110 bytes of header and "init\0" make 115, padded to 116; 5 bytes of content, padded to 8.
        assert_eq!(&bytes[..14], b"07070100000001");
        assert_eq!(&bytes[54..62], b"00000005", "the content's length");
        assert_eq!(&bytes[94..102], b"00000005", "the name's length, its end included");
        assert_eq!(&bytes[110..124], b"init\0\0hello\0\0\0");
        assert_eq!(&bytes[124..130], b"070701", "the next header");
        assert!(bytes.ends_with(b"TRAILER!!!\0\0\0\0"));
        assert_eq!(bytes.len() % 4, 0);
    }
}
