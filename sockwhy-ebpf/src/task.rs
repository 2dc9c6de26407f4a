//! Who did it: the task that is running.

use aya_ebpf::helpers::bpf_get_current_task;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use sockwhy_common::Opened;

use crate::emit::Skip;
use crate::filter::{self, config};
use crate::read::{KernelPtr, offset};

/// PID namespaces nest at most this deep (`MAX_PID_NS_LEVEL`, and the initial one).
const MAX_LEVELS: u32 = 33;

/// The task that acts.
pub struct Caller {
    task: KernelPtr,
    leader: KernelPtr,
    pid: u32,
    tid: u32,
    uid: u32,
}

/// The running task's `struct task_struct`.
#[inline(always)]
pub fn current() -> Option<KernelPtr> {
    // SAFETY: the helper has no preconditions.
    KernelPtr::new(unsafe { bpf_get_current_task() } as *const u8)
}

impl Caller {
    /// The running task, if the filters of process and user want it. The cheapest filter is asked first.
    #[inline(always)]
    pub fn if_wanted() -> Result<Self, Skip> {
        let task = current().ok_or(Skip::Unreadable)?;
        let leader = task.follow(offset!(group_leader)).ok_or(Skip::Unreadable)?;
        let (pid, tid) = ids(task, leader).ok_or(Skip::Unreadable)?;
        if !filter::wants_pid(pid) {
            return Err(Skip::Unwanted);
        }
        let cred = task.follow(offset!(cred)).ok_or(Skip::Unreadable)?;
        let uid = cred.read(offset!(cred_uid)).ok_or(Skip::Unreadable)?;
        if !filter::wants_uid(uid) {
            return Err(Skip::Unwanted);
        }
        if !filter::wants_comm(leader) {
            return Err(Skip::Unwanted);
        }
        Ok(Self { task, leader, pid, tid, uid })
    }

    /// Writes the caller's part of an event.
    #[inline(always)]
    pub fn fill(&self, event: &mut Opened) -> Option<()> {
        event.cgroup_id = cgroup_id(self.task).unwrap_or(0);
        event.pid = self.pid;
        event.tid = self.tid;
        event.uid = self.uid;
        // SAFETY: both are places in the event.
        unsafe {
            self.leader.read_into(offset!(comm), &raw mut event.process)?;
            self.task.read_into(offset!(comm), &raw mut event.thread)
        }
    }
}

/// The registers with which the running task entered the kernel. Only where tracing programs may ask for them (5.15 and
/// later): the verifier refuses the call elsewhere.
#[inline(always)]
pub fn registers() -> Option<KernelPtr> {
    // SAFETY: the second helper takes what the first returns.
    KernelPtr::new(unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) } as *const u8)
}

/// The numbers of process and thread in sockwhy's PID namespace; zeros where it cannot see them.
///
/// `bpf_get_ns_current_pid_tgid` knows tasks of that very namespace only. A task has one number for each namespace from
/// the initial one (`numbers[0]`) down to its own, so a process of a container is found under the number that the
/// namespace above gives it. The numbers of the initial one stand in the task itself, too, which spares the walk.
#[inline(always)]
pub fn ids(task: KernelPtr, leader: KernelPtr) -> Option<(u32, u32)> {
    if config!(initial_pid_namespace) != 0 {
        return Some((task.read(offset!(task_tgid))?, task.read(offset!(task_pid))?));
    }
    let wanted = config!(pid_namespace);
    let process = leader.follow(offset!(thread_pid))?;
    let depth: u32 = process.read(offset!(pid_level))?;
    for level in 0..MAX_LEVELS {
        if level > depth {
            break;
        }
        let upid = process.element(offset!(pid_numbers), level, offset!(upid_size));
        let inum: u32 = upid.follow(offset!(upid_ns))?.read(offset!(pidns_inum))?;
        if inum == wanted {
            let pid = upid.read(offset!(upid_nr))?;
            if leader.address() == task.address() {
                return Some((pid, pid));
            }
            // The threads of a process share its PID namespace.
            let thread = task.follow(offset!(thread_pid))?;
            let tid = thread.element(offset!(pid_numbers), level, offset!(upid_size)).read(offset!(upid_nr))?;
            return Some((pid, tid));
        }
    }
    Some((0, 0))
}

/// What `bpf_get_current_cgroup_id` returns, for the program types that may not call it.
#[inline(always)]
fn cgroup_id(task: KernelPtr) -> Option<u64> {
    let css_set = task.follow(offset!(cgroups))?;
    css_set.follow(offset!(dfl_cgrp))?.follow(offset!(cgroup_kn))?.read(offset!(kn_id))
}
