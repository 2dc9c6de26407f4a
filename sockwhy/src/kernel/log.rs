//! The programs' own log, for `-vv`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use aya::Ebpf;
use aya_log::EbpfLogger;

/// The log's ring buffer; aya-log decodes its records and hands them to the `log` crate.
pub struct ProgramLog(EbpfLogger<&'static dyn log::Log>);

impl ProgramLog {
    pub(super) fn take(ebpf: &mut Ebpf) -> io::Result<Self> {
        EbpfLogger::init(ebpf).map(Self).map_err(io::Error::other)
    }

    /// Prints what has come in.
    pub fn flush(&mut self) {
        self.0.flush();
    }
}

impl AsFd for ProgramLog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
