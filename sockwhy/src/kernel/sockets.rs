//! The iterators over sockets and descriptors: loaded, and read to the end.

use std::{
    collections::HashMap,
    io::{self, Read},
    panic,
    thread::{self, ScopedJoinHandle},
};

use aya::{Btf as AyaBtf, Ebpf, programs::Iter};
use sockwhy_common::{OwnerRecord, Record, SocketRecord};

use super::{
    btf::Btf,
    object::{self, Object, Request},
    offsets::Purpose,
    refusal::Refusal,
};
use crate::{
    netns::{self, Namespace},
    plan::FlowFilter,
    socket::{Held, Socket},
};

/// Smallest ring buffer, in bytes: nothing is sent through it here.
const NO_EVENTS: u32 = 4096;

/// The kernel gives at most eight pages in one read (`bpf_seq_read`).
const CHUNK: usize = 8 * 4096;

/// Why the sockets cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IterError {
    /// The kernel or the privileges do not allow iterators.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Reading failed, or going into a network namespace.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Every TCP socket of these network namespaces, and every descriptor of the machine that is a socket.
///
/// # Errors
/// Where the kernel or the privileges do not allow it.
pub fn read(namespaces: &[Namespace]) -> Result<(Vec<Socket>, Vec<Held>), IterError> {
    let (mut ebpf, aya_btf) = prepare()?;
    let (tcp, task_file) = programs(&mut ebpf)?;
    thread::scope(|scope| {
        // It shows the namespace of the thread that opens it, so this needs a thread to move about.
        let sockets = scope.spawn(|| sockets(tcp, &aya_btf, namespaces));
        let held = descriptors(task_file, &aya_btf);
        Ok((join(sockets)?, held?))
    })
}

/// The object, and what attaching it asks of BTF: made side by side.
fn prepare() -> Result<(Ebpf, AyaBtf), Refusal> {
    let btf = Btf::of_kernel()?;
    let request =
        Request { purpose: Purpose::List, filters: &FlowFilter::EVERYTHING, buffer_size: NO_EVENTS, log: false };
    thread::scope(|scope| {
        let aya_btf = scope.spawn(|| object::aya_btf(&btf.excerpt(&["bpf_iter_tcp", "bpf_iter_task_file"])?));
        let ebpf = Object::new(&btf, request).and_then(|object| object.load());
        Ok((ebpf?, join(aya_btf)?))
    })
}

/// The two programs, apart from one another: the verifier is let look at them side by side too.
fn programs(ebpf: &mut Ebpf) -> Result<(&mut Iter, &mut Iter), Refusal> {
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
    load(iterator, "tcp", btf)?;
    let mut sockets = Vec::new();
    netns::visit(namespaces, |netns| {
        each(iterator, |record: &SocketRecord| match Socket::decode(record, netns) {
            Ok(socket) => sockets.push(socket),
            Err(unknown) => log::debug!("left out: {unknown}"),
        })
    })?;
    Ok(sockets)
}

fn descriptors(iterator: &mut Iter, btf: &AyaBtf) -> Result<Vec<Held>, IterError> {
    load(iterator, "task_file", btf)?;
    let mut held = Vec::new();
    each(iterator, |record: &OwnerRecord| held.push(Held::from(record)))?;
    Ok(held)
}

fn load(iterator: &mut Iter, kind: &str, btf: &AyaBtf) -> Result<(), Refusal> {
    iterator.load(kind, btf).map_err(|error| Refusal::program(format_args!("load the iterator {kind}"), &error))
}

/// Opens the iterator from this thread and hands each of its records to `take`.
fn each<T: Record>(iterator: &mut Iter, mut take: impl FnMut(&T)) -> io::Result<()> {
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
        records.filter_map(T::from_bytes).for_each(|record| take(&record));
        chunk.copy_within(filled - rest..filled, 0);
        filled = rest;
    }
}
