//! The only part that knows aya: the kernel's types, the object, the backends, the ring.

mod backend;
pub mod btf;
mod host;
mod log;
mod object;
mod offsets;
mod refusal;
mod ring;

use aya::Ebpf;

pub use self::{backend::Wanted, log::ProgramLog, refusal::Refusal, ring::Ring};
use self::{btf::Btf, object::Request};
use crate::plan::{Backend, TracePlan};

/// The programs, attached. Dropping it detaches them.
pub struct Tracer {
    /// Keeps programs and links alive.
    ebpf: Ebpf,
    /// The backend that attached.
    pub backend: Backend,
    /// What it cannot see, in words.
    pub blind_spots: Vec<&'static str>,
    /// Backends that `auto` passed over, and why.
    pub refused: Vec<(Backend, Refusal)>,
}

impl Tracer {
    /// Loads and attaches what the plan needs.
    ///
    /// # Errors
    /// Each backend that was tried, with its reason; the last is the one that counts.
    pub fn attach(plan: &TracePlan, log: bool) -> Result<(Self, Ring), Vec<(Backend, Refusal)>> {
        let for_all = |refusal| vec![(Backend::Tracepoint, refusal)];
        let btf = Btf::of_kernel().map_err(|error| for_all(error.into()))?;
        let request = Request { filter: &plan.filter, buffer_size: plan.buffer_size, log };
        let wanted = Wanted { connects: plan.connects, accepts: plan.accepts };
        let attempt = |backend| {
            // A backend that attaches half-way is undone by dropping its object.
            let mut ebpf = object::load(&btf, &request)?;
            let blind_spots = backend::attach(backend, &mut ebpf, &btf, wanted)?;
            let ring = Ring::take(&mut ebpf).map_err(|error| Refusal::Host(error.to_string()))?;
            Ok((ebpf, ring, blind_spots))
        };
        let (backend, (ebpf, ring, blind_spots), refused) = backend::choose(plan.backend, attempt)?;
        Ok((Self { ebpf, backend, blind_spots, refused }, ring))
    }

    /// The programs' own log, where they were loaded to write one.
    ///
    /// # Errors
    /// Where its map cannot be read.
    pub fn log(&mut self) -> std::io::Result<ProgramLog> {
        ProgramLog::take(&mut self.ebpf)
    }
}
