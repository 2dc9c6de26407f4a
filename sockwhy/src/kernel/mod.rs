//! The only part that knows aya: the kernel's types, the object, the backends, the ring.

mod arch;
mod backend;
pub mod btf;
pub mod host;
mod log;
mod object;
mod offsets;
mod passed_over;
mod probe;
mod refusal;
mod ring;
pub mod sockets;
mod tracefs;

use aya::Ebpf;

pub use self::{
    backend::Part,
    log::ProgramLog,
    passed_over::PassedOver,
    probe::Probe,
    refusal::{Refusal, Refused},
    ring::Ring,
};
use self::{
    backend::Wanted,
    btf::Btf,
    object::{Object, Request},
    offsets::Purpose,
};
use crate::plan::{Backend, TracePlan};

/// The programs, attached. Dropping it detaches them.
pub struct Tracer {
    /// Keeps programs and links alive.
    ebpf: Ebpf,
    /// The backend that attached.
    pub backend: Backend,
    /// What it cannot see, in words that follow "cannot see".
    pub blind_spot: Option<&'static str>,
    /// Backends that `auto` passed over, and why.
    pub refused: Vec<(Backend, Refusal)>,
}

impl Tracer {
    /// Loads and attaches what the plan needs.
    ///
    /// # Errors
    /// Each backend that was tried, with its reason.
    pub fn attach(plan: &TracePlan, log: bool) -> Result<(Self, Ring), Refused> {
        let request = Request { purpose: Purpose::Trace, filters: &plan.filters, buffer_size: plan.buffer_size, log };
        let (object, hooks) = prepare(request).map_err(Refused::all)?;
        let wanted = Wanted { connects: plan.connects, accepts: plan.accepts };
        let attempt = |backend| {
            // A backend that attaches half-way is undone by dropping its object.
            let mut ebpf = object.load()?;
            let blind_spot = backend::attach(backend, &mut ebpf, &hooks, wanted)?;
            Ok((ebpf, blind_spot))
        };
        let (backend, (mut ebpf, blind_spot), refused) =
            backend::choose(plan.backend, attempt).map_err(Refused::each)?;
        let ring = Ring::take(&mut ebpf).map_err(|error| Refused::all(Refusal::Host(error.to_string())))?;
        Ok((Self { ebpf, backend, blind_spot, refused }, ring))
    }

    /// How often the kernel has passed the programs over.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        PassedOver::count(&self.ebpf)
    }

    /// The programs' own log, where they were loaded to write one.
    ///
    /// # Errors
    /// Where its map cannot be read.
    pub fn log(&mut self) -> std::io::Result<ProgramLog> {
        ProgramLog::take(&mut self.ebpf)
    }
}

/// What the kernel's BTF tells the programs, and as much of it as attaching them asks for. The whole of it is gone again
/// before the ring is mapped: both count as memory in use.
fn prepare(request: Request<'_>) -> Result<(Object<'_>, Btf), Refusal> {
    let btf = Btf::of_kernel()?;
    Ok((Object::new(&btf, request)?, btf.excerpt(&backend::HOOKS)?))
}
