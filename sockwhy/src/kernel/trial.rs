//! What this kernel allows, found out by doing it: programs are loaded and attached for real, and detached at once.

use sockwhy_common::Watch;

use super::attach::{self, Types};
use super::btf::Btf;
use super::hooks::{self, Way};
use super::object::{Object, Request};
use super::obstacle::Obstacle;
use super::offsets::Purpose;
use crate::model::Backend;
use crate::model::event::Kind;

/// Tries things on this host.
pub struct Trial {
    btf: Btf,
    types: Types,
}

impl Trial {
    /// Reads the kernel's BTF, without which nothing else can be tried.
    ///
    /// # Errors
    /// Where there is none.
    pub fn new() -> Result<Self, Obstacle> {
        let btf = Btf::of_kernel()?;
        Ok(Self { types: Types::new(btf.excerpt(&hooks::btf_names())?), btf })
    }

    /// Creates the maps, the ring buffer among them.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn ring_buffer(&self) -> Result<(), Obstacle> {
        self.load().map(drop)
    }

    /// Attaches a backend's programs as a trace does. Returns what it cannot see, in words that follow "cannot see".
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn backend(&self, backend: Backend) -> Result<Option<String>, Obstacle> {
        attach::attach(backend, &mut self.load()?, &self.types, &[Kind::Connect, Kind::Accept], Watch::Nothing)
    }

    /// Attaches the hooks of one way.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn way(&self, way: &Way) -> Result<(), Obstacle> {
        attach::attach_way(way, &mut self.load()?, &self.types)
    }

    /// An object of its own for each attempt: dropping it undoes the attempt, also one that came half-way.
    fn load(&self) -> Result<aya::Ebpf, Obstacle> {
        Object::new(&self.btf, Request::minimal(Purpose::Trace))?.load()
    }
}
