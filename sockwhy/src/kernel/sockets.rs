//! The iterators over sockets and descriptors: loaded, and read to the end.

use std::{
    io::{self, Read},
    thread,
};

use aya::{
    Btf as AyaBtf, Ebpf,
    programs::{Iter, ProgramError, iter::IterLink, links::LinkError},
};
use sockwhy_common::{OwnerRecord, Record, SocketRecord};

use super::{
    btf::Btf,
    object::{self, Request, program},
    offsets::Purpose,
    refusal::Refusal,
};
use crate::{
    netns::{self, Namespace},
    plan::FlowFilter,
    socket::{Gathered, Held, Socket},
};

/// Smallest ring buffer, in bytes: nothing is sent through it here.
const NO_EVENTS: u32 = 4096;

/// The kernel gives at most eight pages in one read (`bpf_seq_read`).
const CHUNK: usize = 8 * 4096;

/// The iterators, loaded.
pub struct SocketIterators {
    ebpf: Ebpf,
}

impl SocketIterators {
    /// Loads them.
    ///
    /// # Errors
    /// Where the kernel or the privileges do not allow it.
    pub fn load() -> Result<Self, Refusal> {
        let btf = Btf::of_kernel()?;
        let request =
            Request { purpose: Purpose::List, filters: &FlowFilter::EVERYTHING, buffer_size: NO_EVENTS, log: false };
        let mut ebpf = object::load(&btf, &request)?;
        let btf = AyaBtf::from_sys_fs().map_err(|error| Refusal::Host(error.to_string()))?;
        for (name, kind) in [("iter_tcp", "tcp"), ("iter_task_file", "task_file")] {
            let iterator: &mut Iter = program(&mut ebpf, name)?;
            iterator
                .load(kind, &btf)
                .map_err(|error| Refusal::program(format_args!("load the program {name}"), &error))?;
        }
        Ok(Self { ebpf })
    }

    /// Reads every TCP socket of these network namespaces, and every descriptor of a TCP socket, the two side by side.
    ///
    /// # Errors
    /// Where the kernel does not let them be read, or a namespace not be entered.
    pub fn read(&mut self, namespaces: &[Namespace]) -> io::Result<Gathered> {
        let descriptors = link(program(&mut self.ebpf, "iter_task_file").map_err(io::Error::other)?)?;
        let sockets: &mut Iter = program(&mut self.ebpf, "iter_tcp").map_err(io::Error::other)?;
        thread::scope(|scope| {
            // It shows the namespace of the thread that opens it, so this needs a thread to move about.
            let sockets = scope.spawn(move || {
                let mut gathered = Gathered::default();
                netns::visit(namespaces, |netns| {
                    each(link(sockets)?, |record: &SocketRecord| match Socket::decode(record, netns) {
                        Ok(socket) => gathered.add(record.sock, socket),
                        Err(unknown) => log::debug!("a socket is left out: {unknown:?}"),
                    })
                })
                .map(|()| gathered)
            });
            let mut held = Gathered::default();
            each(descriptors, |record: &OwnerRecord| held.hold(Held::from(record)))?;
            let mut gathered = sockets.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            gathered.append(held);
            Ok(gathered)
        })
    }
}

fn link(iterator: &mut Iter) -> io::Result<IterLink> {
    let linked = iterator.attach().and_then(|id| iterator.take_link(id));
    linked.map_err(|error: ProgramError| io::Error::other(error))
}

/// Opens the iterator from this thread and hands each of its records to `take`.
fn each<T: Record>(link: IterLink, mut take: impl FnMut(&T)) -> io::Result<()> {
    let mut file = link.into_file().map_err(|error: LinkError| io::Error::other(error))?;
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
