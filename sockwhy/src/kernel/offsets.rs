//! Resolves [`Offsets`] from the running kernel's BTF, each member checked for its width.

use sockwhy_common::{Bit, Offsets, SOCK_COMMON_HEAD, UNKNOWN};
use thiserror::Error;

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

/// Where this kernel keeps everything that the programs read.
///
/// # Errors
/// Where a member is missing or has an unexpected width. What only some kernels have (IPv6, MPTCP, the means of one
/// backend) is left [`UNKNOWN`], and the programs do without.
pub(super) fn resolve(btf: &Btf) -> Result<Offsets, OffsetError> {
    let of = Resolver { btf };
    let is_mptcp = of.bit("tcp_sock", &["is_mptcp"]).unwrap_or(NO_BIT);
    let request_join = of.bit("mptcp_subflow_context", &["request_join"]).unwrap_or(NO_BIT);
    Ok(Offsets {
        skc_daddr: of.head(&["skc_daddr"], U32)?,
        skc_rcv_saddr: of.head(&["skc_rcv_saddr"], U32)?,
        skc_dport: of.head(&["skc_dport"], U16)?,
        skc_num: of.head(&["skc_num"], U16)?,
        skc_family: of.head(&["skc_family"], U16)?,
        skc_ipv6only: of.bit("sock_common", &["skc_ipv6only"])?,
        skc_net: of.head(&["skc_net", "net"], U64)?,
        skc_v6_daddr: optional(of.head(&["skc_v6_daddr"], ADDR6)),
        skc_v6_rcv_saddr: optional(of.head(&["skc_v6_rcv_saddr"], ADDR6)),
        skc_cookie: of.head(&["skc_cookie"], U64)?,
        sk_protocol: of.bytes("sock", &["sk_protocol"], U16)?,
        inet_sport: of.bytes("inet_sock", &["inet_sport"], U16)?,
        net_inum: of.bytes("net", &["ns", "inum"], U32)?,

        is_mptcp,
        segs_out: of.bytes("tcp_sock", &["segs_out"], U32)?,
        icsk_ulp_data: of.bytes("inet_connection_sock", &["icsk_ulp_data"], U64)?,
        request_join,
        subflow_conn: optional(of.bytes("mptcp_subflow_context", &["conn"], U64)),

        socket_sk: of.bytes("socket", &["sk"], U64)?,
        private_data: of.bytes("file", &["private_data"], U64)?,
        f_inode: of.bytes("file", &["f_inode"], U64)?,
        i_mode: of.bytes("inode", &["i_mode"], U16)?,
        fdt: of.bytes("files_struct", &["fdt"], U64)?,
        max_fds: of.bytes("fdtable", &["max_fds"], U32)?,
        fd: of.bytes("fdtable", &["fd"], U64)?,

        group_leader: of.bytes("task_struct", &["group_leader"], U64)?,
        thread_pid: of.bytes("task_struct", &["thread_pid"], U64)?,
        comm: of.bytes("task_struct", &["comm"], COMM)?,
        files: of.bytes("task_struct", &["files"], U64)?,
        cred: of.bytes("task_struct", &["cred"], U64)?,
        cgroups: of.bytes("task_struct", &["cgroups"], U64)?,
        cred_uid: of.bytes("cred", &["uid"], U32)?,
        dfl_cgrp: of.bytes("css_set", &["dfl_cgrp"], U64)?,
        cgroup_kn: of.bytes("cgroup", &["kn"], U64)?,
        kn_id: of.bytes("kernfs_node", &["id"], U64)?,

        pid_level: of.bytes("pid", &["level"], U32)?,
        pid_numbers: of.start("pid", &["numbers"])?,
        upid_size: btf.size_of("upid").ok_or_else(|| OffsetError::Missing("upid", "nr".to_owned()))?,
        upid_nr: of.bytes("upid", &["nr"], U32)?,
        upid_ns: of.bytes("upid", &["ns"], U64)?,
        pidns_inum: of.bytes("pid_namespace", &["ns", "inum"], U32)?,

        sock_ops_sk: optional(of.bytes("bpf_sock_ops_kern", &["sk"], U64)),
        skb_sk: of.bytes("sk_buff", &["sk"], U64)?,
        regs_arg0: of.bytes("pt_regs", &[arch::ARGUMENT_0], U64)?,
        regs_syscall: of.bytes("pt_regs", &[arch::SYSCALL_NUMBER], U64)?,
        thread_status: of.bytes("task_struct", &["thread_info", "status"], U32)?,
    })
}

/// Members of `struct pt_regs`.
#[cfg(target_arch = "x86_64")]
mod arch {
    /// First argument of a system call.
    pub(super) const ARGUMENT_0: &str = "di";
    /// Number of the system call, untouched by its result.
    pub(super) const SYSCALL_NUMBER: &str = "orig_ax";
}

const NO_BIT: Bit = Bit { byte: UNKNOWN, mask: 0 };

fn optional(offset: Result<u32, OffsetError>) -> u32 {
    offset.unwrap_or(UNKNOWN)
}

struct Resolver<'a> {
    btf: &'a Btf,
}

impl Resolver<'_> {
    fn member(&self, structure: &'static str, path: &[&str]) -> Result<Member, OffsetError> {
        self.btf.member(structure, path).ok_or_else(|| OffsetError::Missing(structure, path.join(".")))
    }

    /// Offset in bytes of something whose width does not matter.
    fn start(&self, structure: &'static str, path: &[&str]) -> Result<u32, OffsetError> {
        Ok(self.member(structure, path)?.bit_offset / U8)
    }

    /// Offset in bytes of a member that is `bits` wide.
    fn bytes(&self, structure: &'static str, path: &[&str], bits: u32) -> Result<u32, OffsetError> {
        let member = self.member(structure, path)?;
        if member.bits != bits || member.bit_offset % U8 != 0 {
            return Err(OffsetError::Width(structure, path.join("."), member.bits, bits));
        }
        Ok(member.bit_offset / U8)
    }

    /// The same for `struct sock_common`, of which the programs read the first bytes in one go.
    fn head(&self, path: &[&str], bits: u32) -> Result<u32, OffsetError> {
        let offset = self.bytes("sock_common", path, bits)?;
        if (offset + bits / U8) as usize > SOCK_COMMON_HEAD {
            return Err(OffsetError::TooFar("sock_common", path.join(".")));
        }
        Ok(offset)
    }

    /// A bit-field one bit wide, or a `bool`. Bit 0 is a byte's lowest on little-endian machines.
    fn bit(&self, structure: &'static str, path: &[&str]) -> Result<Bit, OffsetError> {
        let member = self.member(structure, path)?;
        if member.bits != 1 && member.bits != U8 {
            return Err(OffsetError::Width(structure, path.join("."), member.bits, 1));
        }
        Ok(Bit { byte: member.bit_offset / U8, mask: 1 << (member.bit_offset % U8) })
    }
}
