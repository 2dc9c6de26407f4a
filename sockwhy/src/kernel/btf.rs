//! The running kernel's own description of its types (BTF): where a member lies, whether a function exists.
//!
//! aya parses BTF too, but keeps its members to itself, and holding all of a kernel's 150 000 types costs more memory
//! and time than everything else a trace does. This reads one table of positions, then only the types it is asked for.
//! Source of the format: `Documentation/bpf/btf.rst`, `include/uapi/linux/btf.h`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;

/// Where the kernel shows its BTF (`CONFIG_DEBUG_INFO_BTF`).
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Types that wrap one another nest at most this deep; bounds the walk through a malformed blob.
const MAX_DEPTH: u32 = 32;

/// Why there is no BTF to read.
#[derive(Debug, Error)]
pub enum BtfError {
    /// sysfs is not there, so nobody knows what the kernel has.
    #[error("cannot read {VMLINUX}: sysfs is not mounted on /sys")]
    NoSysfs,
    /// The file cannot be read.
    #[error("cannot read {VMLINUX}: {0}")]
    Read(#[from] io::Error),
    /// It is not BTF.
    #[error("{VMLINUX} is malformed: {0}")]
    Malformed(&'static str),
}

/// A blob of BTF and the positions of its types.
pub struct Btf {
    data: Vec<u8>,
    /// Byte position of each type's record in `data`; type ids begin at 1, id 0 is `void`.
    positions: Vec<u32>,
    /// Ids of the structs: one type in ten, and what is looked for most.
    structs: Vec<u32>,
    strings: usize,
}

/// A member of a struct, found by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Distance from the start of the outermost struct, in bits.
    pub bit_offset: u32,
    /// Width in bits.
    pub bits: u32,
}

/// `enum btf_kind` of the record.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const PTR: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const RESTRICT: u32 = 11;
    pub(super) const FUNC: u32 = 12;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const FLOAT: u32 = 16;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// `struct btf_type`.
#[derive(Clone, Copy)]
struct Type {
    position: usize,
    name: u32,
    info: u32,
    size_or_id: u32,
}

impl Type {
    fn kind(self) -> u32 {
        (self.info >> 24) & 0x1f
    }

    /// Number of members, parameters or values that follow the record.
    fn len(self) -> usize {
        (self.info & 0xffff) as usize
    }

    /// Bytes that follow the record.
    fn more(self) -> usize {
        match self.kind() {
            kind::INT | kind::VAR | kind::DECL_TAG => 4,
            kind::ARRAY => 12,
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 12 * self.len(),
            kind::ENUM | kind::FUNC_PROTO => 8 * self.len(),
            _ => 0,
        }
    }

    /// Member offsets carry the width of bit-fields in their top byte.
    fn has_bit_fields(self) -> bool {
        self.info >> 31 == 1
    }
}

/// `BTF_MAGIC`.
const MAGIC: u16 = 0xeb9f;
/// `BTF_VERSION`.
const VERSION: u8 = 1;
/// Bytes of `struct btf_header`.
const HEADER: usize = 24;
/// Bytes of `struct btf_type`.
const TYPE_SIZE: usize = 12;

impl Btf {
    /// Reads the running kernel's BTF.
    ///
    /// # Errors
    /// Where the kernel shows none, or what it shows is not BTF.
    pub fn of_kernel() -> Result<Self, BtfError> {
        // Larger than glibc's mmap threshold (`DEFAULT_MMAP_THRESHOLD_MAX`), so that dropping it returns the pages. Only
        // those that are read into count.
        let mut data = Vec::with_capacity(33 << 20);
        let opened = File::open(VMLINUX);
        if opened.is_err() && !Path::new("/sys/kernel").exists() {
            return Err(BtfError::NoSysfs);
        }
        opened?.read_to_end(&mut data)?;
        Self::parse(data)
    }

    /// Indexes a blob.
    ///
    /// # Errors
    /// Where it is not BTF of this machine's byte order.
    pub fn parse(data: Vec<u8>) -> Result<Self, BtfError> {
        if data.len() < HEADER || data[..2] != MAGIC.to_ne_bytes() {
            return Err(BtfError::Malformed("no header"));
        }
        let word = |at: usize| data[at..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes) as usize);
        let header = word(4);
        let section = |offset: usize, length: usize| {
            let start = header.checked_add(offset)?;
            Some((start, start.checked_add(length).filter(|end| *end <= data.len())?))
        };
        let (mut at, end) = section(word(8), word(12)).ok_or(BtfError::Malformed("types out of bounds"))?;
        let (strings, _) = section(word(16), word(20)).ok_or(BtfError::Malformed("strings out of bounds"))?;

        let mut btf = Self { data, positions: vec![0], structs: Vec::new(), strings };
        for id in 1.. {
            if at >= end {
                break;
            }
            let record = btf.record(at).ok_or(BtfError::Malformed("a type is cut off"))?;
            btf.positions.push(u32::try_from(at).map_err(|_| BtfError::Malformed("too large"))?);
            if record.kind() == kind::STRUCT {
                btf.structs.push(id);
            }
            at += TYPE_SIZE + record.more();
        }
        Ok(btf)
    }

    /// An excerpt with only these functions and typedefs, under the same ids. Attaching needs no more of BTF, and this
    /// takes a tenth of the memory.
    ///
    /// # Errors
    /// Where the blob is too damaged for that.
    pub fn excerpt<S: AsRef<str>>(&self, names: &[S]) -> Result<Self, BtfError> {
        const POINTER: u32 = kind::PTR << 24;
        let (mut kept, mut strings) = (BTreeMap::new(), vec![0]);
        for name in names.iter().map(AsRef::as_ref) {
            let Some(id) = self.id(kind::FUNC, name).or_else(|| self.id(kind::TYPEDEF, name)) else { continue };
            let Some(Type { info, size_or_id, .. }) = self.get(id) else { continue };
            kept.insert(id, (u32::try_from(strings.len()).unwrap_or(0), info, size_or_id));
            if let Some(prototype) = self.get(size_or_id).filter(|of| of.kind() == kind::FUNC_PROTO) {
                kept.insert(size_or_id, (0, prototype.info, 0));
            }
            strings.extend([name.as_bytes(), b"\0"].concat());
        }
        let mut blob = vec![0; HEADER];
        for id in 1..=kept.keys().last().copied().unwrap_or(0) {
            let (name, info, size_or_id) = kept.get(&id).copied().unwrap_or((0, POINTER, 0));
            blob.extend([name, info, size_or_id].into_iter().flat_map(u32::to_ne_bytes));
            let record = Type { position: 0, name, info, size_or_id };
            blob.resize(blob.len() + record.more(), 0);
        }
        let types = blob.len() - HEADER;
        blob.extend_from_slice(&strings);
        blob[..2].copy_from_slice(&MAGIC.to_ne_bytes());
        blob[2] = VERSION;
        for (word, length) in [HEADER, 0, types, types, strings.len()].into_iter().enumerate() {
            let length = u32::try_from(length).map_err(|_| BtfError::Malformed("too large"))?;
            blob[4 + 4 * word..][..4].copy_from_slice(&length.to_ne_bytes());
        }
        Self::parse(blob)
    }

    /// The blob itself.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// Finds a member by its path from a struct: `member("sock_common", &["skc_net", "net"])`. Anonymous structs and
    /// unions on the way are looked through, as C does.
    pub fn member(&self, structure: &str, path: &[&str]) -> Option<Member> {
        let mut structure = self.find(kind::STRUCT, structure)?;
        let mut found = Member { bit_offset: 0, bits: 0 };
        for (step, name) in path.iter().enumerate() {
            let (member, of) = self.member_of(structure, name, MAX_DEPTH)?;
            found = Member { bit_offset: found.bit_offset.checked_add(member.bit_offset)?, bits: member.bits };
            if step + 1 < path.len() {
                structure = self.resolve(of)?;
            }
        }
        Some(found)
    }

    /// Size of a struct, in bytes.
    pub fn size_of(&self, structure: &str) -> Option<u32> {
        self.find(kind::STRUCT, structure).map(|found| found.size_or_id)
    }

    /// Number of parameters of a kernel function, if it stands in BTF.
    pub fn parameters(&self, function: &str) -> Option<usize> {
        let function = self.find(kind::FUNC, function)?;
        Some(self.get(function.size_or_id)?.len())
    }

    fn find(&self, kind: u32, name: &str) -> Option<Type> {
        self.get(self.id(kind, name)?)
    }

    /// The id of a type.
    fn id(&self, kind: u32, name: &str) -> Option<u32> {
        let is_it =
            |id: &u32| self.get(*id).is_some_and(|found| found.kind() == kind && self.is_named(found.name, name));
        if kind == kind::STRUCT {
            return self.structs.iter().copied().find(is_it);
        }
        (1..u32::try_from(self.positions.len()).ok()?).find(is_it)
    }

    fn member_of(&self, structure: Type, name: &str, depth: u32) -> Option<(Member, u32)> {
        for index in 0..structure.len() {
            let at = structure.position + TYPE_SIZE + 12 * index;
            let (member_name, of, offset) = (self.u32(at)?, self.u32(at + 4)?, self.u32(at + 8)?);
            let (bit_offset, bits) =
                if structure.has_bit_fields() { (offset & 0x00ff_ffff, offset >> 24) } else { (offset, 0) };
            if self.is_named(member_name, name) {
                let bits = if bits > 0 { bits } else { self.size(of, MAX_DEPTH)?.checked_mul(8)? };
                return Some((Member { bit_offset, bits }, of));
            }
            if self.is_named(member_name, "")
                && depth > 0
                && let Some(inner) = self.resolve(of)
                && matches!(inner.kind(), kind::STRUCT | kind::UNION)
                && let Some((member, of)) = self.member_of(inner, name, depth - 1)
            {
                return Some((Member { bit_offset: bit_offset.checked_add(member.bit_offset)?, ..member }, of));
            }
        }
        None
    }

    /// The type behind typedefs and qualifiers.
    fn resolve(&self, id: u32) -> Option<Type> {
        let mut found = self.get(id)?;
        for _ in 0..MAX_DEPTH {
            match found.kind() {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    found = self.get(found.size_or_id)?;
                }
                _ => return Some(found),
            }
        }
        None
    }

    /// Size of a type, in bytes.
    fn size(&self, id: u32, depth: u32) -> Option<u32> {
        const POINTER: u32 = 8;
        let found = self.resolve(id)?;
        match found.kind() {
            kind::PTR => Some(POINTER),
            kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 | kind::FLOAT => Some(found.size_or_id),
            kind::ARRAY if depth > 0 => {
                let of = self.u32(found.position + TYPE_SIZE)?;
                let len = self.u32(found.position + TYPE_SIZE + 8)?;
                self.size(of, depth - 1)?.checked_mul(len)
            }
            _ => None,
        }
    }

    fn get(&self, id: u32) -> Option<Type> {
        if id == 0 {
            return None;
        }
        self.record(*self.positions.get(id as usize)? as usize)
    }

    fn record(&self, position: usize) -> Option<Type> {
        let (name, info) = (self.u32(position)?, self.u32(position + 4)?);
        Some(Type { position, name, info, size_or_id: self.u32(position + 8)? })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.data.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
    }

    fn is_named(&self, offset: u32, name: &str) -> bool {
        let from = self.strings + offset as usize;
        let bytes = self.data.get(from..).unwrap_or_default();
        // Most names differ at once, which needs no call.
        bytes.first() == name.as_bytes().first().or(Some(&0))
            && bytes.get(..name.len()) == Some(name.as_bytes())
            && bytes.get(name.len()) == Some(&0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The BTF of the kernel that the tests run on: the real thing, every kind of type included.
    fn kernel() -> Vec<u8> {
        std::fs::read(VMLINUX).expect("this kernel has BTF")
    }

    #[test]
    fn members_are_found_through_anonymous_unions_and_embedded_structs() {
        let btf = Btf::parse(kernel()).unwrap();
        let bits = |structure, path: &[&str]| btf.member(structure, path).map(|member| member.bits);
        assert_eq!(bits("sock_common", &["skc_daddr"]), Some(32));
        assert_eq!(bits("sock_common", &["skc_net", "net"]), Some(64));
        assert_eq!(bits("sock_common", &["skc_ipv6only"]), Some(1));
        assert_eq!(bits("task_struct", &["comm"]), Some(128));
        assert_eq!(btf.member("sock_common", &["skc_daddr"]).map(|member| member.bit_offset), Some(0));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let btf = Btf::parse(kernel()).unwrap();
        assert_eq!(btf.member("sock_common", &["skc_no_such_member"]), None);
        assert_eq!(btf.member("no_such_struct", &["skc_daddr"]), None);
        assert_eq!(btf.member("sock_common", &["skc_daddr", "too_deep"]), None);
        assert_eq!(btf.parameters("no_such_function"), None);
    }

    #[test]
    fn functions_tell_their_parameters() {
        let btf = Btf::parse(kernel()).unwrap();
        assert_eq!(btf.parameters("tcp_connect"), Some(1));
        assert_eq!(btf.parameters("security_sock_graft"), Some(2));
    }

    #[test]
    fn an_excerpt_keeps_the_ids() {
        let btf = Btf::parse(kernel()).unwrap();
        let names = ["tcp_connect", "btf_trace_inet_sock_set_state", "no_such_function", "security_sock_graft"];
        let excerpt = btf.excerpt(&names).unwrap();
        for (kind, name) in [(kind::FUNC, names[0]), (kind::TYPEDEF, names[1]), (kind::FUNC, names[3])] {
            assert!(btf.id(kind, name).is_some(), "{name}");
            assert_eq!(excerpt.id(kind, name), btf.id(kind, name), "{name}");
        }
        assert_eq!(excerpt.parameters("security_sock_graft"), Some(2));
        assert_eq!(excerpt.id(kind::FUNC, "inet_csk_accept"), None);
        assert!(excerpt.bytes().len() * 3 < btf.bytes().len());
    }

    #[test]
    fn what_is_no_btf_is_an_error() {
        for bytes in [&b""[..], b"not BTF at all, but long enough for a header", &kernel()[..30]] {
            assert!(Btf::parse(bytes.to_vec()).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn damage_is_an_error_or_a_wrong_answer_but_no_panic(
            hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = kernel();
            for (place, value) in hits {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            let whole = Btf::parse(bytes.clone());
            bytes.truncate(cut.index(bytes.len()));
            for btf in [whole, Btf::parse(bytes)].into_iter().flatten() {
                let _found = btf.member("sock_common", &["skc_v6_daddr"]);
                let _found = btf.member("pid_namespace", &["ns", "inum"]);
                let _found = btf.parameters("inet_csk_accept");
            }
        }
    }
}
