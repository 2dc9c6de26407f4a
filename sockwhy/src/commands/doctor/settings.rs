//! What the host's settings say: capabilities, sysctls, lockdown, namespaces.

use super::report::{Row, THIS};
use crate::host::{Capability, Missing, Namespace, cgroup, in_user_namespace, pid, sysctl};
use crate::kernel::{Cause, memlock, mount_cgroup};
use crate::model::Remedy;

fn outside() -> Remedy {
    Remedy::new("run it outside of the container", format!("sudo {THIS}"))
}

/// How to get capabilities.
fn remedy(capabilities: &[Capability]) -> Remedy {
    Missing::new(capabilities.to_vec()).remedy(THIS)
}

/// A row for each capability that sockwhy can use.
pub(super) fn capabilities() -> impl Iterator<Item = Row> {
    let confined = in_user_namespace();
    Capability::ALL.into_iter().map(move |capability| capability_row(capability, capability.is_held(), confined))
}

fn capability_row(capability: Capability, held: bool, confined: bool) -> Row {
    let purpose = match capability {
        Capability::Bpf => "loads BPF programs",
        Capability::Perfmon => "lets them read the kernel's memory",
        Capability::NetAdmin => "attaches to cgroups, and shows V6ONLY without BPF",
        Capability::SysPtrace => "shows what other users' processes hold",
        Capability::SysAdmin => "enters other network namespaces, and mounts tracefs for itself",
    };
    let check = capability.name();
    match (held, confined) {
        (true, false) => Row::yes(check, format!("held: {purpose}")),
        (true, true) => Row::no(
            check,
            format!("held in this user namespace only, which does not count: {purpose}"),
            remedy(&[capability]),
        ),
        (false, _) => Row::no(check, format!("missing: {purpose}"), remedy(&[capability])),
    }
}

/// Rows for the kernel's settings.
pub(super) fn kernel() -> [Row; 4] {
    [
        memlock(memlock::limit(), memlock::is_counted()),
        lockdown(sysctl::lockdown().as_deref()),
        perf_event_paranoid(sysctl::read("kernel/perf_event_paranoid"), Capability::Perfmon.is_held()),
        unprivileged_bpf_disabled(sysctl::read("kernel/unprivileged_bpf_disabled"), Capability::Bpf.is_held()),
    ]
}

/// sockwhy raises it for itself, where it may.
fn memlock(limit: Option<u64>, is_counted: bool) -> Row {
    let check = "RLIMIT_MEMLOCK";
    match (limit, is_counted) {
        (None, _) => Row::yes(check, "unlimited"),
        (Some(bytes), false) => {
            Row::yes(check, format!("{bytes} bytes, which does not matter: this kernel does not count BPF against it"))
        }
        (Some(bytes), true) => Row::no(
            check,
            format!("{bytes} bytes: this kernel counts BPF maps against it"),
            Cause::Memlock.remedy(THIS),
        ),
    }
}

/// `kernel_lockdown(7)`: confidentiality denies `bpf_probe_read_kernel` (`LOCKDOWN_BPF_READ_KERNEL`), integrity does
/// not.
fn lockdown(state: Option<&str>) -> Row {
    let check = "lockdown";
    match state {
        Some("none") => Row::yes(check, "off"),
        Some("confidentiality") => Row::no(
            check,
            "in confidentiality mode, where BPF programs may not read the kernel's memory",
            Cause::Lockdown.remedy(THIS),
        ),
        Some(state) => {
            Row::yes(check, format!("in {state} mode, which allows BPF programs to read the kernel's memory"))
        }
        None => Row::partly(
            check,
            "unknown: the kernel has no lockdown, or securityfs is not mounted",
            Remedy::new("mount it", "sudo mount -t securityfs securityfs /sys/kernel/security"),
        ),
    }
}

/// `perf_event_open(2)`: kprobes and the tracepoints of single system calls attach by perf events. From 2 on, those
/// need `CAP_PERFMON`.
fn perf_event_paranoid(value: Option<i64>, perfmon: bool) -> Row {
    let check = "perf_event_paranoid";
    match (value, perfmon) {
        (None, _) => Row::partly(
            check,
            "cannot be read: the kernel has no perf events, or /proc/sys is hidden",
            Remedy::new("see whether it is there", "cat /proc/sys/kernel/perf_event_paranoid"),
        ),
        (Some(value), true) => Row::yes(check, format!("{value}, which does not matter with CAP_PERFMON")),
        (Some(value), false) if value < 2 => Row::yes(check, format!("{value}, which allows tracepoints")),
        (Some(value), false) => {
            Row::no(check, format!("{value}: tracepoints and kprobes need CAP_PERFMON"), remedy(&[Capability::Perfmon]))
        }
    }
}

fn unprivileged_bpf_disabled(value: Option<i64>, bpf: bool) -> Row {
    let check = "unprivileged_bpf_disabled";
    match (value, bpf) {
        (None, _) => Row::partly(
            check,
            "cannot be read: the kernel has no BPF, or /proc/sys is hidden",
            Remedy::new("see whether it is there", "cat /proc/sys/kernel/unprivileged_bpf_disabled"),
        ),
        (Some(value), true) => Row::yes(check, format!("{value}, which does not matter with CAP_BPF")),
        (Some(0), false) => Row::partly(
            check,
            "0: anybody may load BPF programs, but not ones that read the kernel's memory, as sockwhy's do",
            remedy(&[Capability::Bpf, Capability::Perfmon]),
        ),
        (Some(value), false) => {
            Row::no(check, format!("{value}: BPF needs CAP_BPF"), remedy(&[Capability::Bpf, Capability::Perfmon]))
        }
    }
}

/// Rows for what this process can see of the machine.
pub(super) fn namespaces() -> [Row; 5] {
    [
        cgroup_v2(cgroup::root().is_some(), cgroup::is_mounted()),
        user_namespace(in_user_namespace()),
        pid_namespace(pid::in_initial_namespace()),
        cgroup_namespace(cgroup::sees_all()),
        net_namespace(Namespace::own().ok(), Missing::of(&[Capability::SysAdmin]).is_none()),
    ]
}

fn cgroup_v2(root: bool, mounted: bool) -> Row {
    let check = "cgroup v2";
    match (root, mounted) {
        (true, _) => Row::yes(check, "its root is mounted"),
        (false, true) => Row::no(check, "mounted, but not its root: only a container's part of the tree", outside()),
        (false, false) => Row::no(check, "not mounted", mount_cgroup()),
    }
}

fn user_namespace(other: bool) -> Row {
    let check = "user namespace";
    if other {
        Row::no(check, "not the initial one: capabilities do not count for the kernel as a whole", outside())
    } else {
        Row::yes(check, "the initial one")
    }
}

fn pid_namespace(initial: Option<bool>) -> Row {
    let check = "PID namespace";
    match initial {
        Some(true) => Row::yes(check, "the initial one: every process has a PID here"),
        Some(false) => {
            Row::partly(check, "not the initial one: processes outside of it are shown without PID", outside())
        }
        None => Row::partly(
            check,
            "unknown: /proc hides other users' processes",
            Remedy::new("run it as root", format!("sudo {THIS}")),
        ),
    }
}

fn cgroup_namespace(sees_all: Option<bool>) -> Row {
    let check = "cgroup namespace";
    match sees_all {
        Some(true) => Row::yes(check, "every cgroup is seen here"),
        Some(false) => Row::partly(check, "cgroups are seen from inside a container", outside()),
        None => Row::partly(check, "unknown: the kernel's threads are not seen here", outside()),
    }
}

fn net_namespace(own: Option<Namespace>, can_enter: bool) -> Row {
    let check = "network namespace";
    let this = own.map_or_else(|| "unknown".to_owned(), |own| own.inode.to_string());
    if can_enter {
        Row::yes(check, format!("{this}; --netns all shows the sockets of the others too"))
    } else {
        Row::partly(
            check,
            format!("{this}; the sockets of the others cannot be shown"),
            remedy(&[Capability::SysAdmin]),
        )
    }
}
