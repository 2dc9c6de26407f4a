//! Every hook: one table says what is attached where, for which backend and which kind of event. Attaching, the excerpt of
//! BTF, the counting of misses and `sockwhy doctor` all follow it.

use std::collections::BTreeSet;

use Backend::{Fentry, Kprobe, Tracepoint};
use Kind::{Accept, Connect};
use Place::{AnySyscallExit, Breakpoint, CgroupRoot, Entry, Exit, SyscallExit, Typed};

use crate::model::Backend;
use crate::model::event::Kind;

/// A way to see one kind of event under one backend: hooks that work together.
#[derive(Debug)]
pub struct Way {
    /// What `sockwhy doctor` and the log call it.
    pub name: &'static str,
    /// The backend that it belongs to.
    pub backend: Backend,
    /// What it sees.
    pub kind: Kind,
    /// What it cannot see, in words that follow "cannot see".
    pub blind_spot: Option<&'static str>,
    pub(super) hooks: &'static [Hook],
}

/// One program, and where it is attached.
#[derive(Debug)]
pub(super) struct Hook {
    /// The program's name in the object. Where the place has several programs, what their names have in common.
    pub program: &'static str,
    pub at: Place,
    /// What a run that the kernel misses costs.
    pub miss: Miss,
}

/// Where a program is attached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// The entry of a function.
    Entry(&'static str),
    /// The exit of a function, by the program for its number of parameters: the result comes after them. The wrong one
    /// attaches as well on some kernels and reads another argument as the result, so BTF decides.
    Exit(&'static str, &'static [(usize, &'static str)]),
    /// A breakpoint at the entry of a function.
    Breakpoint(&'static str),
    /// A tracepoint, with typed arguments.
    Typed(&'static str),
    /// The exit of one system call, whose tracepoint is known by its number in tracefs.
    SyscallExit(&'static str),
    /// The exit of every system call.
    AnySyscallExit,
    /// The root of cgroup v2.
    CgroupRoot,
}

/// What a run that the kernel misses costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// An event.
    Event,
    /// An event, if the system call was an accept.
    SystemCall,
    /// No event: the kernel never misses it, or the event goes out with less in it.
    Nothing,
}

/// Every way. Of those of one backend and one kind, the first that attaches is used.
#[rustfmt::skip]
pub static WAYS: [Way; 8] = [
    way("fentry on tcp_connect", Fentry, Connect, &[
        hook("fentry_tcp_connect", Entry("tcp_connect"), Miss::Event),
    ]),
    way("fentry on security_sock_graft", Fentry, Accept, &[
        hook("fexit_inet_csk_accept", Exit("inet_csk_accept", &INET_CSK_ACCEPT), Miss::Nothing),
        hook("fentry_security_sock_graft", Entry("security_sock_graft"), Miss::Event),
    ]),
    way("kprobe on tcp_connect", Kprobe, Connect, &[
        hook("kprobe_tcp_connect", Breakpoint("tcp_connect"), Miss::Event),
    ]),
    way("kprobe on security_sock_graft", Kprobe, Accept, &[
        hook("kprobe_security_sock_graft", Breakpoint("security_sock_graft"), Miss::Event),
    ]),
    way("sock_ops", Tracepoint, Connect, &[
        hook("sock_ops_connect", CgroupRoot, Miss::Nothing),
    ]),
    way("the tracepoints inet_sock_set_state and net_dev_queue", Tracepoint, Connect, &[
        hook("tp_inet_sock_set_state", Typed("inet_sock_set_state"), Miss::Nothing),
        hook("tp_net_dev_queue", Typed("net_dev_queue"), Miss::Nothing),
    ]),
    way("the exits of accept and accept4", Tracepoint, Accept, &[
        hook("tp_sys_exit_accept", SyscallExit("sys_exit_accept"), Miss::Event),
        hook("tp_sys_exit_accept4", SyscallExit("sys_exit_accept4"), Miss::Event),
    ]).blind_to(NOT_BY_SYSTEM_CALL),
    way("the exit of every system call, at some cost", Tracepoint, Accept, &[
        hook("tp_sys_exit", AnySyscallExit, Miss::SystemCall),
    ]).blind_to(NOT_BY_SYSTEM_CALL),
];

/// Before Linux 6.10 it has four arguments, since then two.
const INET_CSK_ACCEPT: [(usize, &str); 2] = [(2, "fexit_inet_csk_accept_2"), (4, "fexit_inet_csk_accept_4")];

const NOT_BY_SYSTEM_CALL: &str = "accepts through io_uring, by 32-bit programs or by kernel threads";

const fn way(name: &'static str, backend: Backend, kind: Kind, hooks: &'static [Hook]) -> Way {
    Way { name, backend, kind, blind_spot: None, hooks }
}

const fn hook(program: &'static str, at: Place, miss: Miss) -> Hook {
    Hook { program, at, miss }
}

impl Hook {
    /// Its programs in the object: the places of some have several to choose from.
    fn programs(&self) -> impl Iterator<Item = &'static str> {
        let (one, several) = match self.at {
            Exit(_, programs) => (None, programs),
            _ => (Some(self.program), &[][..]),
        };
        one.into_iter().chain(several.iter().map(|(_, name)| *name))
    }
}

impl Way {
    const fn blind_to(self, unseen: &'static str) -> Self {
        Self { blind_spot: Some(unseen), ..self }
    }
}

/// The ways to see this kind of event under this backend, the best first.
pub fn ways(backend: Backend, kind: Kind) -> impl Iterator<Item = &'static Way> {
    WAYS.iter().filter(move |way| way.backend == backend && way.kind == kind)
}

/// What a program's run that the kernel misses costs.
pub(super) fn miss(program: &str) -> Miss {
    let mut hooks = WAYS.iter().flat_map(|way| way.hooks);
    hooks.find(|hook| hook.programs().any(|name| name == program)).map_or(Miss::Nothing, |hook| hook.miss)
}

/// What of the kernel's BTF attaching asks for, each once. Tracepoints stand there as typedefs.
pub(super) fn btf_names() -> Vec<String> {
    let names = WAYS.iter().flat_map(|way| way.hooks).filter_map(|hook| match hook.at {
        Entry(function) | Exit(function, _) | Breakpoint(function) => Some(function.to_owned()),
        Typed(name) => Some(format!("btf_trace_{name}")),
        SyscallExit(_) | AnySyscallExit | CgroupRoot => None,
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_at_an_exit_belongs_to_a_hook() {
        let hooks = || WAYS.iter().flat_map(|way| way.hooks);
        for (_, program) in INET_CSK_ACCEPT {
            assert!(hooks().any(|hook| hook.programs().any(|name| name == program)), "{program}");
        }
        assert_eq!(miss("fentry_tcp_connect"), Miss::Event);
        assert_eq!(miss("tp_sys_exit"), Miss::SystemCall);
    }
}
