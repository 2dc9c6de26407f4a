//! The counters that a JVM shares in `/tmp/hsperfdata_USER/PID`. One of them is its command line.
//!
//! The layout is that of `PerfDataPrologue` and `PerfDataEntry` in the JDK's `perfMemory.hpp`, version 2.

use std::path::Path;

use super::words::words;
use crate::host::Process;

/// The options that the JVM says it was started with, from wherever they came; none where it does not share them
/// (`-XX:-UsePerfData`). It cuts them off at a kilobyte.
pub(super) fn arguments(process: &Process) -> Vec<Vec<u8>> {
    let temporary = Path::new("/tmp");
    let Some(pid) = process.inner_pid else { return Vec::new() };
    process
        .entries(temporary)
        .iter()
        .filter(|name| name.to_string_lossy().starts_with("hsperfdata_"))
        .find_map(|name| {
            let data = process.file(&temporary.join(name).join(pid.to_string()))?;
            Some(words(value(&data, b"java.rt.vmArgs")?))
        })
        .unwrap_or_default()
}

/// The string of this name.
fn value<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    const MAGIC: &[u8] = &[0xca, 0xfe, 0xc0, 0xc0];
    const LITTLE_ENDIAN: u8 = 1;
    let is_little = *data.strip_prefix(MAGIC)?.first()? == LITTLE_ENDIAN;
    let number = |at: usize| {
        let bytes = *data.get(at..)?.first_chunk()?;
        usize::try_from(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }).ok()
    };
    let (mut entry, count) = (number(24)?, number(28)?);
    for _ in 0..count {
        let length = number(entry)?;
        let bytes = data.get(entry..entry.checked_add(length)?)?;
        let string = |offset: usize| bytes.get(number(entry + offset)?..)?.split(|byte| *byte == 0).next();
        if string(4) == Some(name) {
            return string(16);
        }
        if length == 0 {
            break;
        }
        entry += length;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of counters that has these strings.
    fn file(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut data = vec![0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1];
        data.resize(24, 0);
        data.extend(32_u32.to_le_bytes());
        data.extend(u32::try_from(entries.len()).expect("few").to_le_bytes());
        for (name, value) in entries {
            let number = |number: usize| u32::try_from(number).expect("small").to_le_bytes();
            let value_at = 20 + name.len() + 1;
            let length = value_at + value.len() + 1;
            let head = [number(length), number(20), number(value.len() + 1), *b"B\0\x05\x01", number(value_at)];
            data.extend(head.concat());
            data.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
        }
        data
    }

    #[test]
    fn a_counter_is_found_by_its_name() {
        let data = file(&[("java.rt.vmFlags", "x"), ("java.rt.vmArgs", "-Da=b -Dc=d")]);
        assert_eq!(value(&data, b"java.rt.vmArgs"), Some(&b"-Da=b -Dc=d"[..]));
        assert_eq!(value(&data, b"java.rt"), None);
    }

    #[test]
    fn a_file_that_is_cut_off_has_no_counter_or_a_shorter_one() {
        let data = file(&[("java.rt.vmArgs", "-Da=b")]);
        for length in 0..data.len() {
            assert_eq!(value(&data[..length], b"java.rt.vmArgs"), None, "cut off at {length}");
        }
    }

    #[test]
    fn an_entry_without_length_ends_the_search() {
        let mut data = file(&[("a", "b")]);
        data[28..32].fill(0xff);
        data[32..36].fill(0);
        assert_eq!(value(&data, b"java.rt.vmArgs"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut noise: Vec<u8>, at in 4..60_usize) {
            let mut data = file(&[("java.rt.vmArgs", "-Da=b")]);
            let end = (at + noise.len()).min(data.len());
            noise.truncate(end - at);
            data[at..end].copy_from_slice(&noise);
            let _whatever = value(&data, b"java.rt.vmArgs");
        }
    }
}
