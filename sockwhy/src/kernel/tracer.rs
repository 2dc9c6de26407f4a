//! A trace's programs, attached.

use aya::Ebpf;

use super::attach::{self, Types};
use super::btf::Btf;
use super::hooks;
use super::log::ProgramLog;
use super::misses::Misses;
use super::object::{Object, Request};
use super::obstacle::{NoBackend, Obstacle};
use super::offsets::Purpose;
use super::ring::Ring;
use crate::model::Backend;
use crate::plan::TracePlan;

/// The programs, attached. Dropping it detaches them.
pub struct Tracer {
    /// Keeps programs and links alive.
    ebpf: Ebpf,
    /// The backend that attached.
    pub backend: Backend,
    /// What it cannot see, in words that follow "cannot see".
    pub blind_spot: Option<String>,
}

impl Tracer {
    /// Loads and attaches what the plan needs. `log` asks for the programs' own log.
    ///
    /// # Errors
    /// Each backend that was tried, with its reason.
    pub fn attach(plan: &TracePlan, log: bool) -> Result<(Self, Ring), NoBackend> {
        let watch = plan.watch();
        let request =
            Request { purpose: Purpose::Trace, filters: &plan.filters, buffer_size: plan.buffer_size, watch, log };
        let (object, types) = prepare(request).map_err(NoBackend::for_all)?;
        let attempt = |backend| {
            // A backend that attaches half-way is undone by dropping its object.
            let mut ebpf = object.load()?;
            let blind_spot = attach::attach(backend, &mut ebpf, &types, &plan.beginnings(), watch)?;
            Ok((ebpf, blind_spot))
        };
        let (backend, (mut ebpf, blind_spot), obstacles) =
            attach::choose(plan.backend, attempt).map_err(NoBackend::for_each)?;
        // It would count as memory in use beside the ring, which is mapped next.
        drop(types);
        for (backend, obstacle) in obstacles {
            ::log::debug!("no {backend} backend: {obstacle}");
        }
        let ring = Ring::take(&mut ebpf).map_err(|error| NoBackend::for_all(Obstacle::Host(error.to_string())))?;
        Ok((Self { ebpf, backend, blind_spot }, ring))
    }

    /// How often the kernel missed running the programs.
    pub fn misses(&self) -> Misses {
        Misses::count(&self.ebpf)
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
fn prepare(request: Request<'_>) -> Result<(Object<'_>, Types), Obstacle> {
    let btf = Btf::of_kernel()?;
    Ok((Object::new(&btf, request)?, Types::new(btf.excerpt(&hooks::btf_names())?)))
}
