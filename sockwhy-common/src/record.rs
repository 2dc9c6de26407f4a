//! Records as the bytes that they cross in.

use crate::{FlowEvent, OwnerRecord, SocketRecord};

/// What the BPF programs write and userspace reads.
///
/// # Safety
/// The type is `#[repr(C)]`, of integers and arrays of them without padding: every bit pattern is a value.
pub unsafe trait Record: Copy {
    /// Reads a record; `None` where the bytes are not as many as it has.
    #[must_use]
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // SAFETY: the length is right, alignment is not asked for, every bit pattern is a value.
        (bytes.len() == size_of::<Self>()).then(|| unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

// SAFETY: its size is asserted to be that of its members.
unsafe impl Record for FlowEvent {}
// SAFETY: as above.
unsafe impl Record for SocketRecord {}
// SAFETY: as above.
unsafe impl Record for OwnerRecord {}
