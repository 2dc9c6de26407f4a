//! The iterators over sockets and descriptors: loaded, and read to the end.

use std::collections::HashMap;
use std::io::{self, Read};
use std::panic;
use std::thread::{self, ScopedJoinHandle};

use aya::programs::Iter;
use aya::{Btf as AyaBtf, Ebpf};
use bytemuck::{AnyBitPattern, pod_read_unaligned};
use sockwhy_common::{OwnerRecord, SocketRecord};

use super::btf::Btf;
use super::object::{self, Object, Request};
use super::obstacle::Obstacle;
use super::offsets::Purpose;
use crate::host::netns::{self, Namespace};
use crate::model::socket::{Descriptor, Socket};

/// The kernel gives at most eight pages in one read (`bpf_seq_read`).
const CHUNK: usize = 8 * 4096;

/// The kernel's iterator over TCP sockets.
const TCP: &str = "tcp";
/// The one over descriptors.
const TASK_FILE: &str = "task_file";

/// Why the sockets cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IterError {
    /// The kernel or the privileges do not allow iterators.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// Reading failed, or going into a network namespace.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Every TCP socket of these network namespaces, and every descriptor of the machine that is a socket.
///
/// # Errors
/// Where the kernel or the privileges do not allow it.
pub fn read(namespaces: &[Namespace]) -> Result<(Vec<Socket>, Vec<Descriptor>), IterError> {
    let (mut ebpf, aya_btf) = prepare()?;
    let (tcp, task_file) = programs(&mut ebpf)?;
    thread::scope(|scope| {
        // It shows the namespace of the thread that opens it, so a new thread visits the namespaces.
        let sockets = scope.spawn(|| sockets(tcp, &aya_btf, namespaces));
        let descriptors = descriptors(task_file, &aya_btf);
        Ok((join(sockets)?, descriptors?))
    })
}

/// The object, and what attaching it asks of BTF: made side by side.
fn prepare() -> Result<(Ebpf, AyaBtf), Obstacle> {
    let btf = Btf::of_kernel()?;
    thread::scope(|scope| {
        let aya_btf = scope
            .spawn(|| object::aya_btf(&btf.excerpt(&[TCP, TASK_FILE].map(|iterator| format!("bpf_iter_{iterator}")))?));
        let ebpf = Object::new(&btf, Request::minimal(Purpose::List)).and_then(|object| object.load());
        Ok((ebpf?, join(aya_btf)?))
    })
}

/// The two programs, apart from one another: the verifier can look at them side by side too.
fn programs(ebpf: &mut Ebpf) -> Result<(&mut Iter, &mut Iter), Obstacle> {
    let mut programs: HashMap<_, _> = ebpf.programs_mut().collect();
    let mut take =
        |name| programs.remove(name).and_then(|program| program.try_into().ok()).ok_or_else(|| object::missing(name));
    Ok((take("iter_tcp")?, take("iter_task_file")?))
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Has the calling thread visit the namespaces.
fn sockets(iterator: &mut Iter, btf: &AyaBtf, namespaces: &[Namespace]) -> Result<Vec<Socket>, IterError> {
    load(iterator, TCP, btf)?;
    let mut sockets = Vec::new();
    netns::visit(namespaces, |netns| {
        each(iterator, |record: &SocketRecord| match Socket::decode(record, netns) {
            Ok(socket) => sockets.push(socket),
            Err(unknown) => log::debug!("left out: {unknown}"),
        })
    })?;
    Ok(sockets)
}

fn descriptors(iterator: &mut Iter, btf: &AyaBtf) -> Result<Vec<Descriptor>, IterError> {
    load(iterator, TASK_FILE, btf)?;
    let mut descriptors = Vec::new();
    each(iterator, |record: &OwnerRecord| descriptors.push(Descriptor::from(record)))?;
    Ok(descriptors)
}

fn load(iterator: &mut Iter, kind: &str, btf: &AyaBtf) -> Result<(), Obstacle> {
    iterator.load(kind, btf).map_err(|error| Obstacle::program(format_args!("load the iterator {kind}"), &error))
}

/// Opens the iterator from this thread and hands each of its records to `take`.
fn each<T: AnyBitPattern>(iterator: &mut Iter, mut take: impl FnMut(&T)) -> io::Result<()> {
    let link = iterator.attach().and_then(|id| iterator.take_link(id)).map_err(io::Error::other)?;
    let mut file = link.into_file().map_err(io::Error::other)?;
    let mut chunk = vec![0; CHUNK];
    let mut filled = 0;
    loop {
        match file.read(&mut chunk[filled..]) {
            Ok(0) => return Ok(()),
            Ok(bytes) => filled += bytes,
            // The program has seen very many objects without writing a record (`MAX_ITER_OBJECTS`).
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => continue,
            Err(error) => return Err(error),
        }
        let records = chunk[..filled].chunks_exact(size_of::<T>());
        let rest = records.remainder().len();
        records.for_each(|record| take(&pod_read_unaligned(record)));
        chunk.copy_within(filled - rest..filled, 0);
        filled = rest;
    }
}
