//! What the user wants to see. Userspace has written the plan ([`CONFIG`] and the maps) before the programs load; a
//! filter that is off is a constant to the verifier, which removes its branch.

use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::Key;
use aya_ebpf::maps::{HashMap, LpmTrie};
use sockwhy_common::{AF_INET, COMM_LEN, CidrKey, Config, Filters, label_bit};

use crate::read::{KernelPtr, offset};

/// The plan; written by userspace before the programs load.
#[unsafe(no_mangle)]
pub static CONFIG: Config = Config {
    pid_namespace: 0,
    initial_pid_namespace: 0,
    wake_at: 0,
    cookie_helper: 0,
    registers_helper: 0,
    file_helper: 0,
    watch: 0,
    filters: Filters { labels: label_bit::ALL, pid: 0, uid: 0, port: 0, net: 0, comm: 0, reserved: [0; 2] },
};

/// One value of the plan.
macro_rules! config {
    ($($member:ident).+) => {
        $crate::read::constant(&$crate::filter::CONFIG.$($member).+)
    };
}
pub(crate) use config;

/// Wanted processes, by PID in sockwhy's namespace. Userspace writes, the hooks read; sized by userspace.
#[map]
static FILTER_PID: HashMap<u32, u8> = HashMap::with_max_entries(1, 0);
/// Wanted users, likewise.
#[map]
static FILTER_UID: HashMap<u32, u8> = HashMap::with_max_entries(1, 0);
/// Wanted ports, host order, likewise.
#[map]
static FILTER_PORT: HashMap<u16, u8> = HashMap::with_max_entries(1, 0);
/// Wanted process names, likewise.
#[map]
static FILTER_COMM: HashMap<[u8; COMM_LEN], u8> = HashMap::with_max_entries(1, 0);
/// Wanted networks of the peer, likewise.
#[map]
static FILTER_NET: LpmTrie<CidrKey, u8> = LpmTrie::with_max_entries(1, 0);

/// A process that the namespace cannot see has PID 0, which is never in the map.
#[inline(always)]
pub fn wants_pid(pid: u32) -> bool {
    config!(filters.pid) == 0 || FILTER_PID.get_ptr(pid).is_some()
}

#[inline(always)]
pub fn wants_uid(uid: u32) -> bool {
    config!(filters.uid) == 0 || FILTER_UID.get_ptr(uid).is_some()
}

/// Whether the process of this main thread has a wanted name. One that cannot be read is not it.
#[inline(always)]
pub fn wants_comm(leader: KernelPtr) -> bool {
    config!(filters.comm) == 0
        || leader.read_string(offset!(comm)).is_some_and(|name: [u8; COMM_LEN]| FILTER_COMM.get_ptr(name).is_some())
}

/// The filters that look at the socket: label, ports (host order) and peer.
#[inline(always)]
pub fn wants_flow(family: u16, local_port: u16, peer_port: u16, peer: &[u8; 16]) -> bool {
    let labels = config!(filters.labels);
    if labels != label_bit::ALL && labels & label(family, peer) == 0 {
        return false;
    }
    if config!(filters.port) != 0
        && FILTER_PORT.get_ptr(local_port).is_none()
        && FILTER_PORT.get_ptr(peer_port).is_none()
    {
        return false;
    }
    config!(filters.net) == 0 || matches!(FILTER_NET.get(Key::new(128, *peer)), Some(1))
}

/// The family decides first: the kernel keeps an IPv4-mapped form of the addresses of `AF_INET` sockets as well.
#[inline(always)]
fn label(family: u16, peer: &[u8; 16]) -> u8 {
    if family == AF_INET {
        label_bit::IPV4
    } else if is_mapped(peer) {
        label_bit::IPV4_OVER_AF_INET6
    } else {
        label_bit::IPV6
    }
}

/// Whether the address lies in `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
#[inline(always)]
fn is_mapped(address: &[u8; 16]) -> bool {
    address[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
}
