//! A connection that begins.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

use super::Head;
use crate::COMM_LEN;

/// A connection made or accepted, and who did it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Opened {
    /// Which socket, and when.
    pub head: Head,
    /// Id of the acting task's cgroup in the v2 hierarchy; 0 where it could not be read.
    pub cgroup_id: u64,
    /// The acting process, as the PID namespace of sockwhy numbers it; 0 where that namespace cannot see it.
    pub pid: u32,
    /// The acting thread, likewise.
    pub tid: u32,
    /// Real user id of the acting task, in the initial user namespace.
    pub uid: u32,
    /// Inode number of the socket's network namespace.
    pub netns: u32,
    /// The address that the listener is bound to, where [`super::flags::LISTENER`] is set.
    pub listener_addr: [u8; 16],
    /// Name of the process (its main thread's `comm`), NUL-terminated, any bytes.
    pub process: [u8; COMM_LEN],
    /// Name of the acting thread, likewise.
    pub thread: [u8; COMM_LEN],
}

const _: () = {
    assert!(size_of::<Opened>() == 128);
    assert!(align_of::<Opened>() == 8);
    assert!(offset_of!(Opened, head) == 0);
    assert!(offset_of!(Opened, cgroup_id) == 56);
    assert!(offset_of!(Opened, pid) == 64);
    assert!(offset_of!(Opened, tid) == 68);
    assert!(offset_of!(Opened, uid) == 72);
    assert!(offset_of!(Opened, netns) == 76);
    assert!(offset_of!(Opened, listener_addr) == 80);
    assert!(offset_of!(Opened, process) == 96);
    assert!(offset_of!(Opened, thread) == 112);
};
