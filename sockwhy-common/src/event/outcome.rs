//! What becomes of a connection.

use core::mem::{align_of, offset_of, size_of};

use bytemuck::{Pod, Zeroable};

use super::Head;

/// A connection that was established, or whose life has ended. Who made or accepted it stands in the [`super::Opened`] that
/// has the same `socket`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Outcome {
    /// Which socket, and when.
    pub head: Head,
    /// Address of the application's socket in the kernel, as in [`super::Opened::socket`].
    pub socket: u64,
    /// Bytes that were sent, each counted once (`bytes_sent` without `bytes_retrans`).
    pub bytes_sent: u64,
    /// Bytes that were received, without the peer's FIN.
    pub bytes_received: u64,
    /// Segments that were sent again, SYNs included (`total_retrans`).
    pub retransmits: u32,
    /// Smoothed round-trip time in microseconds; 0 where nothing came back.
    pub rtt: u32,
    /// The socket's error (`sk_err`); 0 for none.
    pub error: u32,
    /// `enum tcp_state` before the change.
    pub state: u8,
    /// Non-zero where the connection had not been accepted.
    pub in_queue: u8,
    /// Keeps the struct free of padding.
    pub reserved: [u8; 2],
}

const _: () = {
    assert!(size_of::<Outcome>() == 96);
    assert!(align_of::<Outcome>() == 8);
    assert!(offset_of!(Outcome, head) == 0);
    assert!(offset_of!(Outcome, socket) == 56);
    assert!(offset_of!(Outcome, bytes_sent) == 64);
    assert!(offset_of!(Outcome, bytes_received) == 72);
    assert!(offset_of!(Outcome, retransmits) == 80);
    assert!(offset_of!(Outcome, rtt) == 84);
    assert!(offset_of!(Outcome, error) == 88);
    assert!(offset_of!(Outcome, state) == 92);
    assert!(offset_of!(Outcome, in_queue) == 93);
};
