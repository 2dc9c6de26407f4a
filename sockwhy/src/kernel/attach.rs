//! Attaching: the choice of a backend, and each program to its place.

use std::sync::OnceLock;

use aya::programs::{
    BtfTracePoint, CgroupAttachMode, FEntry, FExit, KProbe, ProgramError, RawTracePoint, SockOps, TracePoint,
};
use aya::{Btf as AyaBtf, Ebpf};

use super::btf::Btf;
use super::hooks::{Hook, Place, Way, ways};
use super::object::{aya_btf, program};
use super::obstacle::Obstacle;
use crate::host::{Capability, Missing, cgroup, sysctl, tracefs};
use crate::model::Backend;
use crate::model::event::Kind;

/// Backends that failed, and why.
type Obstacles = Vec<(Backend, Obstacle)>;

/// Tries the backend that was asked for, or all of them until one attaches. Every obstacle is kept, in the order of
/// trying.
///
/// # Errors
/// The obstacles, where none attaches.
pub(super) fn choose<T>(
    asked_for: Option<Backend>,
    mut attach: impl FnMut(Backend) -> Result<T, Obstacle>,
) -> Result<(Backend, T, Obstacles), Obstacles> {
    let mut obstacles = Vec::new();
    for backend in Backend::ALL.into_iter().filter(|backend| asked_for.is_none_or(|only| only == *backend)) {
        match attach(backend) {
            Ok(attached) => return Ok((backend, attached, obstacles)),
            Err(obstacle) => obstacles.push((backend, obstacle)),
        }
    }
    Err(obstacles)
}

/// What attaching asks of the kernel's types.
pub(super) struct Types {
    btf: Btf,
    /// The same in aya's form, made when the first program needs it. Programs on cgroups and system calls do not.
    of_aya: OnceLock<AyaBtf>,
}

impl Types {
    /// `btf` has at least what [`super::hooks::btf_names`] lists.
    pub(super) fn new(btf: Btf) -> Self {
        Self { btf, of_aya: OnceLock::new() }
    }

    fn of_aya(&self) -> Result<&AyaBtf, Obstacle> {
        if let Some(btf) = self.of_aya.get() {
            return Ok(btf);
        }
        let btf = aya_btf(&self.btf)?;
        Ok(self.of_aya.get_or_init(|| btf))
    }

    /// Number of parameters of a function that is about to be hooked.
    fn parameters_of(&self, function: &'static str) -> Result<usize, Obstacle> {
        self.btf.parameters(function).ok_or(Obstacle::NoFunction(function))
    }
}

/// Attaches what one backend needs for these kinds of event, each in the best way that the host allows. Where this fails
/// half-way, dropping `ebpf` detaches what was attached.
///
/// Returns what the backend cannot see, in words that follow "cannot see".
pub(super) fn attach(
    backend: Backend,
    ebpf: &mut Ebpf,
    types: &Types,
    kinds: &[Kind],
) -> Result<Option<String>, Obstacle> {
    let mut blind_spots = Vec::new();
    for kind in kinds {
        let mut candidates = ways(backend, *kind).peekable();
        while let Some(way) = candidates.next() {
            match attach_way(way, ebpf, types) {
                Ok(()) => {
                    blind_spots.extend(way.blind_spot);
                    break;
                }
                Err(obstacle) => match candidates.peek() {
                    Some(next) => log::debug!("no {}, using {}: {obstacle}", way.name, next.name),
                    None => return Err(obstacle),
                },
            }
        }
    }
    Ok((!blind_spots.is_empty()).then(|| blind_spots.join(" and ")))
}

/// Attaches the hooks of one way.
pub(super) fn attach_way(way: &Way, ebpf: &mut Ebpf, types: &Types) -> Result<(), Obstacle> {
    let mut attach = || way.hooks.iter().try_for_each(|hook| attach_hook(hook, ebpf, types));
    let tracepoint = way.hooks.iter().find_map(|hook| match hook.at {
        Place::SyscallExit(tracepoint) => Some(tracepoint),
        _ => None,
    });
    match tracepoint {
        Some(tracepoint) => tracefs::with(&format!("syscalls/{tracepoint}"), attach),
        None => attach(),
    }
}

fn attach_hook(hook: &Hook, ebpf: &mut Ebpf, types: &Types) -> Result<(), Obstacle> {
    let name = hook.program;
    let loaded = |result: Result<(), ProgramError>| {
        result.map_err(|error| Obstacle::program(format_args!("load the program {name}"), &error))
    };
    let attached = |place: &str, result: Result<(), ProgramError>| {
        result.map_err(|error| Obstacle::program(format_args!("attach to {place}"), &error))
    };
    match hook.at {
        Place::Entry(function) => {
            types.parameters_of(function)?;
            let program: &mut FEntry = program(ebpf, name)?;
            loaded(program.load(function, types.of_aya()?))?;
            attached(function, program.attach().map(drop))
        }
        Place::Exit(function, programs) => {
            let parameters = types.parameters_of(function)?;
            let Some((_, name)) = programs.iter().find(|(count, _)| *count == parameters) else {
                return Err(Obstacle::Shape(function, parameters));
            };
            let program: &mut FExit = program(ebpf, name)?;
            loaded(program.load(function, types.of_aya()?))?;
            attached(function, program.attach().map(drop))
        }
        Place::Breakpoint(function) => {
            if !sysctl::has_kprobes() {
                return Err(Obstacle::NoKprobes);
            }
            types.parameters_of(function)?;
            let program: &mut KProbe = program(ebpf, name)?;
            loaded(program.load())?;
            attached(function, program.attach(function, 0).map(drop))
        }
        Place::Typed(tracepoint) => {
            let program: &mut BtfTracePoint = program(ebpf, name)?;
            loaded(program.load(tracepoint, types.of_aya()?))?;
            attached(tracepoint, program.attach().map(drop))
        }
        Place::SyscallExit(tracepoint) => {
            let program: &mut TracePoint = program(ebpf, name)?;
            loaded(program.load())?;
            let attach = program.attach("syscalls", tracepoint).map(drop);
            attached(&format!("the tracepoint syscalls:{tracepoint}"), attach)
        }
        Place::AnySyscallExit => {
            let program: &mut RawTracePoint = program(ebpf, name)?;
            loaded(program.load())?;
            attached("the tracepoint sys_exit", program.attach("sys_exit").map(drop))
        }
        Place::CgroupRoot => {
            if let Some(missing) = Missing::of(&[Capability::NetAdmin]) {
                return Err(Obstacle::Capabilities { action: "a sock_ops program", missing });
            }
            let root = cgroup::root().ok_or(Obstacle::NoCgroupRoot)?;
            let program: &mut SockOps = program(ebpf, name)?;
            loaded(program.load())?;
            // A cgroup link allows other programs beside it by itself, and takes no flags.
            attached("the root of cgroup v2", program.attach(root, CgroupAttachMode::Single).map(drop))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(backend: Backend) -> Obstacle {
        Obstacle::Host(backend.to_string())
    }

    #[test]
    fn auto_takes_the_first_that_attaches_and_keeps_the_obstacles_before_it() {
        let chosen = choose(None, |backend| if backend == Backend::Tracepoint { Ok(()) } else { Err(refuse(backend)) });
        let (backend, (), obstacles) = chosen.expect("tracepoint attaches");
        assert_eq!(backend, Backend::Tracepoint);
        let order: Vec<_> = obstacles.iter().map(|(backend, _)| *backend).collect();
        assert_eq!(order, [Backend::Fentry, Backend::Kprobe]);
    }

    #[test]
    fn auto_stops_at_the_best() {
        let mut tried = Vec::new();
        let chosen = choose(None, |backend| {
            tried.push(backend);
            Ok(())
        });
        assert!(chosen.is_ok_and(|(backend, (), obstacles)| backend == Backend::Fentry && obstacles.is_empty()));
        assert_eq!(tried, [Backend::Fentry]);
    }

    #[test]
    fn a_named_backend_is_the_only_one_tried() {
        let obstacles = choose::<()>(Some(Backend::Kprobe), |backend| Err(refuse(backend)));
        let tried: Vec<_> = obstacles.err().into_iter().flatten().map(|(backend, _)| backend).collect();
        assert_eq!(tried, [Backend::Kprobe]);
    }
}
