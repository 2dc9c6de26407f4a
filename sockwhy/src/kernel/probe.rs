//! What this kernel allows, found out by doing it: programs are loaded and attached for real, and detached at once.

use super::{
    backend::{self, Part, Wanted},
    btf::Btf,
    object::{Object, Request},
    offsets::Purpose,
    refusal::Refusal,
};
use crate::plan::{Backend, FlowFilter};

/// Bytes of the ring buffer that is tried.
const RING: u32 = 4096;

/// Tries things on this host.
pub struct Probe {
    btf: Btf,
    /// As much of it as attaching asks for.
    hooks: Btf,
}

impl Probe {
    /// Reads the kernel's BTF, without which nothing else can be tried.
    ///
    /// # Errors
    /// Where there is none.
    pub fn new() -> Result<Self, Refusal> {
        let btf = Btf::of_kernel()?;
        Ok(Self { hooks: btf.excerpt(&backend::HOOKS)?, btf })
    }

    /// Creates the maps, the ring buffer among them.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn ring_buffer(&self) -> Result<(), Refusal> {
        self.load().map(drop)
    }

    /// Attaches a backend's programs as a trace does. Returns what it cannot see, in words that follow "cannot see".
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn backend(&self, backend: Backend) -> Result<Option<&'static str>, Refusal> {
        let wanted = Wanted { connects: true, accepts: true };
        backend::attach(backend, &mut self.load()?, &self.hooks, wanted)
    }

    /// Attaches one part of the tracepoint backend.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn part(&self, part: Part) -> Result<(), Refusal> {
        backend::attach_part(part, &mut self.load()?, &self.hooks)
    }

    /// An object of its own for each attempt: dropping it undoes the attempt, also one that came half-way.
    fn load(&self) -> Result<aya::Ebpf, Refusal> {
        let request =
            Request { purpose: Purpose::Trace, filters: &FlowFilter::EVERYTHING, buffer_size: RING, log: false };
        Object::new(&self.btf, request)?.load()
    }
}
