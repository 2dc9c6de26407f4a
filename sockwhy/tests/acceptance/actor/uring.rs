//! Connecting and accepting by way of `io_uring`.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use io_uring::types::Fd;
use io_uring::{IoUring, opcode, squeue};
use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;

use super::sockets::with_peer;

pub(super) fn connect(fd: &OwnedFd, to: &SocketAddr, in_worker: bool) -> rustix::io::Result<()> {
    // SAFETY: the address lives until the closure returns. By then the request is completed.
    let result = unsafe {
        to.with_sockaddr(|address, length| {
            run(opcode::Connect::new(Fd(fd.as_raw_fd()), address.cast(), length).build(), in_worker)
        })
    };
    result.map(drop)
}

pub(super) fn accept(listener: &OwnedFd, in_worker: bool) -> rustix::io::Result<(OwnedFd, SocketAddr)> {
    let accept = opcode::Accept::new(Fd(listener.as_raw_fd()), ptr::null_mut(), ptr::null_mut()).build();
    // SAFETY: the request has no pointers.
    let fd = unsafe { run(accept, in_worker) }?;
    // SAFETY: the kernel has just made the descriptor, and nobody else knows it.
    with_peer(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Submits one request, waits for it, and gives its result.
///
/// # Safety
/// What the request points to lives until it is done.
unsafe fn run(request: squeue::Entry, in_worker: bool) -> rustix::io::Result<i32> {
    let flags = if in_worker { squeue::Flags::ASYNC } else { squeue::Flags::empty() };
    let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let mut ring = IoUring::new(1).map_err(errno)?;
    // SAFETY: the caller's promise; this function waits for the request.
    unsafe { ring.submission().push(&request.flags(flags)) }.expect("an empty ring has room");
    ring.submit_and_wait(1).map_err(errno)?;
    let result = ring.completion().next().expect("one request has been waited for").result();
    if result < 0 { Err(Errno::from_raw_os_error(-result)) } else { Ok(result) }
}
