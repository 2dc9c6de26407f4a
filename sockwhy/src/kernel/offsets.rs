//! Resolves [`Offsets`] from the running kernel's BTF, each member checked for its width.

use sockwhy_common::{Bit, Offsets, SOCK_COMMON_HEAD, UNKNOWN};
use thiserror::Error;

use super::arch;
use super::btf::{Btf, Member};

/// A member that the programs cannot do without is not where it is expected.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OffsetError {
    /// The kernel has no such member.
    #[error("this kernel's struct {0} has no member {1}")]
    Missing(&'static str, String),
    /// The member has another width than the programs read.
    #[error("this kernel's {0}.{1} is {2} bits wide, not {3}")]
    Width(&'static str, String, u32, u32),
    /// The member lies outside the part of the struct that is read in one go.
    #[error("this kernel's {0}.{1} lies beyond the first {SOCK_COMMON_HEAD} bytes")]
    TooFar(&'static str, String),
}

/// Widths, in bits.
const U8: u32 = 8;
const U16: u32 = 16;
const U32: u32 = 32;
const U64: u32 = 64;
const ADDR6: u32 = 128;
const COMM: u32 = 128;

/// What the programs are loaded for. Each reads some members that the other does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Flows, as they begin.
    Trace,
    /// The sockets that exist.
    List,
}

/// Where this kernel keeps everything that the programs read.
///
/// # Errors
/// Where a member that the purpose needs is missing or has an unexpected width. What only some kernels have (IPv6,
/// MPTCP, the means of one backend) is left [`UNKNOWN`], and the programs do without.
pub(super) fn resolve(btf: &Btf, purpose: Purpose) -> Result<Offsets, OffsetError> {
    let of = Resolver { btf, required: true };
    let trace = Resolver { btf, required: purpose == Purpose::Trace };
    let list = Resolver { btf, required: purpose == Purpose::List };
    let some = Resolver { btf, required: false };
    Ok(Offsets {
        skc_daddr: of.head(&["skc_daddr"], U32)?,
        skc_rcv_saddr: of.head(&["skc_rcv_saddr"], U32)?,
        skc_dport: of.head(&["skc_dport"], U16)?,
        skc_num: of.head(&["skc_num"], U16)?,
        skc_family: of.head(&["skc_family"], U16)?,
        skc_ipv6only: of.bit("sock_common", &["skc_ipv6only"])?,
        skc_net: of.head(&["skc_net", "net"], U64)?,
        skc_v6_daddr: some.head(&["skc_v6_daddr"], ADDR6)?,
        skc_v6_rcv_saddr: some.head(&["skc_v6_rcv_saddr"], ADDR6)?,
        skc_cookie: of.head(&["skc_cookie"], U64)?,
        sk_protocol: of.bytes("sock", &["sk_protocol"], U16)?,
        inet_sport: of.bytes("inet_sock", &["inet_sport"], U16)?,
        net_inum: of.bytes("net", &["ns", "inum"], U32)?,

        is_mptcp: some.bit("tcp_sock", &["is_mptcp"])?,
        repair: trace.bit("tcp_sock", &["repair"])?,
        segs_out: trace.bytes("tcp_sock", &["segs_out"], U32)?,
        icsk_ulp_data: of.bytes("inet_connection_sock", &["icsk_ulp_data"], U64)?,
        request_join: some.bit("mptcp_subflow_context", &["request_join"])?,
        subflow_conn: some.bytes("mptcp_subflow_context", &["conn"], U64)?,

        socket_sk: of.bytes("socket", &["sk"], U64)?,
        private_data: of.bytes("file", &["private_data"], U64)?,
        f_inode: of.bytes("file", &["f_inode"], U64)?,
        i_mode: of.bytes("inode", &["i_mode"], U16)?,
        fdt: trace.bytes("files_struct", &["fdt"], U64)?,
        max_fds: trace.bytes("fdtable", &["max_fds"], U32)?,
        fd: trace.bytes("fdtable", &["fd"], U64)?,

        group_leader: of.bytes("task_struct", &["group_leader"], U64)?,
        task_pid: of.bytes("task_struct", &["pid"], U32)?,
        task_tgid: of.bytes("task_struct", &["tgid"], U32)?,
        thread_pid: of.bytes("task_struct", &["thread_pid"], U64)?,
        comm: of.bytes("task_struct", &["comm"], COMM)?,
        files: trace.bytes("task_struct", &["files"], U64)?,
        cred: trace.bytes("task_struct", &["cred"], U64)?,
        cgroups: trace.bytes("task_struct", &["cgroups"], U64)?,
        cred_uid: trace.bytes("cred", &["uid"], U32)?,
        dfl_cgrp: trace.bytes("css_set", &["dfl_cgrp"], U64)?,
        cgroup_kn: trace.bytes("cgroup", &["kn"], U64)?,
        kn_id: trace.bytes("kernfs_node", &["id"], U64)?,

        pid_level: of.bytes("pid", &["level"], U32)?,
        pid_numbers: of.start("pid", &["numbers"])?,
        upid_size: btf.size_of("upid").ok_or_else(|| OffsetError::Missing("upid", "nr".to_owned()))?,
        upid_nr: of.bytes("upid", &["nr"], U32)?,
        upid_ns: of.bytes("upid", &["ns"], U64)?,
        pidns_inum: of.bytes("pid_namespace", &["ns", "inum"], U32)?,

        sock_ops_sk: some.bytes("bpf_sock_ops_kern", &["sk"], U64)?,
        skb_sk: trace.bytes("sk_buff", &["sk"], U64)?,
        regs_arg0: trace.bytes("pt_regs", &[arch::ARGUMENT_0], U64)?,
        regs_syscall: trace.bytes("pt_regs", &[arch::SYSCALL_NUMBER], U64)?,
        thread_status: trace.bytes("task_struct", &["thread_info", arch::THREAD_STATUS], U32)?,

        skc_state: list.head(&["skc_state"], U8)?,
        skc_listener: list.head(&["skc_listener"], U64)?,
        sk_uid: list.bytes("sock", &["sk_uid"], U32)?,
        sk_ino: some.bytes("sock", &["sk_ino"], U64)?,
        sk_socket: list.bytes("sock", &["sk_socket"], U64)?,
        skc_bound_dev_if: list.head(&["skc_bound_dev_if"], U32)?,
        mc_index: list.bytes("inet_sock", &["mc_index"], U32)?,
        pinet6: some.bytes("inet_sock", &["pinet6"], U64)?,
        mcast_oif: some.bytes("ipv6_pinfo", &["mcast_oif"], U32)?,
        tw_substate: list.bytes("inet_timewait_sock", &["tw_substate"], U8)?,
        socket_ino: list.bytes("socket_alloc", &["vfs_inode", "i_ino"], U64)?,
        i_ino: list.bytes("inode", &["i_ino"], U64)?,
    })
}

const NO_BIT: Bit = Bit { byte: UNKNOWN, mask: 0 };

struct Resolver<'a> {
    btf: &'a Btf,
    /// Whether a member that is not as expected is an error, or left [`UNKNOWN`].
    required: bool,
}

impl Resolver<'_> {
    /// Offset in bytes of something whose width does not matter.
    fn start(&self, structure: &'static str, path: &[&str]) -> Result<u32, OffsetError> {
        self.unless_optional(UNKNOWN, self.member(structure, path).map(|member| member.bit_offset / U8))
    }

    /// Offset in bytes of a member that is `bits` wide.
    fn bytes(&self, structure: &'static str, path: &[&str], bits: u32) -> Result<u32, OffsetError> {
        self.unless_optional(UNKNOWN, self.find_bytes(structure, path, bits))
    }

    /// The same for `struct sock_common`. The programs read its first bytes at once.
    fn head(&self, path: &[&str], bits: u32) -> Result<u32, OffsetError> {
        let offset = self.find_bytes("sock_common", path, bits).and_then(|offset| {
            if (offset + bits / U8) as usize > SOCK_COMMON_HEAD {
                return Err(OffsetError::TooFar("sock_common", path.join(".")));
            }
            Ok(offset)
        });
        self.unless_optional(UNKNOWN, offset)
    }

    /// A bit-field one bit wide, or a `bool`. Bit 0 is a byte's lowest on little-endian machines.
    fn bit(&self, structure: &'static str, path: &[&str]) -> Result<Bit, OffsetError> {
        let bit = self.member(structure, path).and_then(|member| {
            if member.bits != 1 && member.bits != U8 {
                return Err(OffsetError::Width(structure, path.join("."), member.bits, 1));
            }
            Ok(Bit { byte: member.bit_offset / U8, mask: 1 << (member.bit_offset % U8) })
        });
        self.unless_optional(NO_BIT, bit)
    }

    fn find_bytes(&self, structure: &'static str, path: &[&str], bits: u32) -> Result<u32, OffsetError> {
        let member = self.member(structure, path)?;
        if member.bits != bits || member.bit_offset % U8 != 0 {
            return Err(OffsetError::Width(structure, path.join("."), member.bits, bits));
        }
        Ok(member.bit_offset / U8)
    }

    fn member(&self, structure: &'static str, path: &[&str]) -> Result<Member, OffsetError> {
        self.btf.member(structure, path).ok_or_else(|| OffsetError::Missing(structure, path.join(".")))
    }

    fn unless_optional<T>(&self, unknown: T, found: Result<T, OffsetError>) -> Result<T, OffsetError> {
        if self.required { found } else { Ok(found.unwrap_or(unknown)) }
    }
}
