//! The BPF object: embedded here, given the plan and the kernel's offsets, and loaded.

use aya::maps::lpm_trie::Key;
use aya::maps::{HashMap, LpmTrie, Map, MapError};
use aya::programs::{Program, ProgramError};
use aya::{Btf as AyaBtf, Ebpf, EbpfLoader, Endianness};
use bytemuck::Pod;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockwhy_common::{CidrKey, Config, Filters, Offsets, Watch, label_bit};

use super::btf::Btf;
use super::obstacle::Obstacle;
use super::offsets::{self, Purpose};
use super::{arch, memlock};
use crate::host::pid;
use crate::plan::FlowFilter;

/// The programs' log level while `-vv` is not given: nothing is logged, and the verifier removes the calls.
const LOG_OFF: u8 = 0;
/// `aya_log_common::Level::Trace`.
const LOG_ALL: u8 = 5;

/// Bytes of events after which the reader is woken before it would look by itself. Small enough to follow within
/// milliseconds when events come fast, large enough that waking does not slow what is watched.
const WAKE_AT: u32 = 128 * 1024;

/// A global as bytes that aya may copy.
#[repr(transparent)]
#[derive(Clone, Copy)]
struct Global<T>(T);

// SAFETY: bytemuck's `Pod` asks for all that aya's does, and its derive has checked it.
unsafe impl<T: Pod> aya::Pod for Global<T> {}

/// What the object is loaded for.
pub(super) struct Request<'a> {
    /// Which programs are to run.
    pub purpose: Purpose,
    /// The flows to report.
    pub filters: &'a FlowFilter,
    /// Bytes of the ring buffer; a power of two, at least a page.
    pub buffer_size: u32,
    /// How far connections are followed.
    pub watch: Watch,
    /// Whether the programs log.
    pub log: bool,
}

impl Request<'_> {
    /// Nothing is filtered, followed or logged, and next to nothing is sent through the ring buffer.
    pub(super) fn minimal(purpose: Purpose) -> Self {
        /// The smallest ring buffer: a page.
        const PAGE: u32 = 4096;
        static EVERYTHING: FlowFilter = FlowFilter::EVERYTHING;
        Self { purpose, filters: &EVERYTHING, buffer_size: PAGE, watch: Watch::Nothing, log: false }
    }
}

/// The object, and what it is given before it is loaded.
pub(super) struct Object<'a> {
    request: Request<'a>,
    offsets: Global<Offsets>,
    config: Global<Config>,
}

impl<'a> Object<'a> {
    /// Looks up what the programs must know of this kernel.
    pub(super) fn new(btf: &Btf, request: Request<'a>) -> Result<Self, Obstacle> {
        let offsets = Global(offsets::resolve(btf, request.purpose)?);
        let config = Global(config(btf, &request)?);
        Ok(Self { request, offsets, config })
    }

    /// Creates the maps and writes the plan into them; no program is loaded yet.
    pub(super) fn load(&self) -> Result<Ebpf, Obstacle> {
        let Self { request, offsets, config } = self;
        let log_level = if request.log { LOG_ALL } else { LOG_OFF };
        memlock::raise();

        let filters = request.filters;
        let size = |values: usize| u32::try_from(values.max(1)).unwrap_or(u32::MAX);
        let mut loader = loader();
        loader
            .override_global("OFFSETS", offsets, true)
            .override_global("CONFIG", config, true)
            .override_global("AYA_LOG_LEVEL", &log_level, true)
            .map_max_entries("EVENTS", request.buffer_size)
            .map_max_entries("FILTER_PID", size(filters.pids.len()))
            .map_max_entries("FILTER_UID", size(filters.uids.len()))
            .map_max_entries("FILTER_PORT", size(filters.ports.len()))
            .map_max_entries("FILTER_COMM", size(filters.comms.len()))
            .map_max_entries("FILTER_NET", size(filters.nets.len()));
        let mut ebpf = loader.load(arch::OBJECT).map_err(|error| Obstacle::object(&error))?;
        fill_filters(&mut ebpf, filters)
            .map_err(|error| Obstacle::program("fill the maps of the filters", &error.into()))?;
        Ok(ebpf)
    }
}

/// A loader that knows no BTF: the object has no CO-RE relocations that would ask for it. `EbpfLoader::new()` parses the
/// kernel's BTF anyway, which takes more time and memory than everything else here, unless it cannot open the file.
fn loader() -> EbpfLoader<'static> {
    let limit = getrlimit(Resource::Nofile);
    let closed = setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..limit });
    let mut loader = EbpfLoader::new();
    if let Err(error) = closed.and_then(|()| setrlimit(Resource::Nofile, limit)) {
        log::debug!("RLIMIT_NOFILE cannot be lowered for a moment ({error}); aya parses the kernel's BTF");
    }
    loader.btf(None);
    loader
}

/// aya's form of a kernel's BTF.
pub(super) fn aya_btf(btf: &Btf) -> Result<AyaBtf, Obstacle> {
    AyaBtf::parse(btf.bytes(), Endianness::default()).map_err(|error| Obstacle::Host(error.to_string()))
}

/// A program of the object, by the type that aya knows it as.
pub(super) fn program<'a, P>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut P, Obstacle>
where
    &'a mut P: TryFrom<&'a mut Program, Error = ProgramError>,
{
    ebpf.program_mut(name).and_then(|program| program.try_into().ok()).ok_or_else(|| missing(name))
}

/// The object was built from other sources.
pub(super) fn missing(name: &'static str) -> Obstacle {
    Obstacle::Host(format!("the BPF object has no program {name}: it does not match this sockwhy"))
}

fn config(btf: &Btf, request: &Request<'_>) -> Result<Config, Obstacle> {
    let filters = request.filters;
    let on = |values: usize| u8::from(values > 0);
    let pid_namespace = pid::namespace()
        .map_err(|error| Obstacle::Host(format!("cannot read the PID namespace from /proc/self/ns/pid: {error}")))?;
    Ok(Config {
        pid_namespace,
        initial_pid_namespace: u32::from(pid::in_initial_namespace() == Some(true)),
        wake_at: WAKE_AT.min(request.buffer_size / 4),
        // The functions behind the helpers came with their use by tracing programs.
        cookie_helper: u32::from(btf.parameters("bpf_get_socket_ptr_cookie").is_some()),
        registers_helper: u32::from(btf.parameters("bpf_task_pt_regs").is_some()),
        file_helper: u32::from(btf.parameters("bpf_sock_from_file").is_some()),
        watch: request.watch as u32,
        filters: Filters {
            labels: filters.labels & label_bit::ALL,
            pid: on(filters.pids.len()),
            uid: on(filters.uids.len()),
            port: on(filters.ports.len()),
            net: on(filters.nets.len()),
            comm: on(filters.comms.len()),
            reserved: [0; 2],
        },
    })
}

fn fill_filters(ebpf: &mut Ebpf, filters: &FlowFilter) -> Result<(), MapError> {
    const WANTED: u8 = 1;
    fill(ebpf, "FILTER_PID", &filters.pids, WANTED)?;
    fill(ebpf, "FILTER_UID", &filters.uids, WANTED)?;
    fill(ebpf, "FILTER_PORT", &filters.ports, WANTED)?;
    fill(ebpf, "FILTER_COMM", &filters.comms, WANTED)?;
    let mut nets: LpmTrie<_, CidrKey, u8> = map(ebpf, "FILTER_NET")?.try_into()?;
    for rule in &filters.nets {
        nets.insert(&Key::new(rule.prefix_len, rule.key), u8::from(rule.wanted), 0)?;
    }
    Ok(())
}

fn fill<K: aya::Pod>(ebpf: &mut Ebpf, name: &str, keys: &[K], value: u8) -> Result<(), MapError> {
    let mut set: HashMap<_, K, u8> = map(ebpf, name)?.try_into()?;
    keys.iter().try_for_each(|key| set.insert(key, value, 0))
}

fn map<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Map, MapError> {
    ebpf.map_mut(name).ok_or_else(|| MapError::InvalidName { name: name.to_owned() })
}
