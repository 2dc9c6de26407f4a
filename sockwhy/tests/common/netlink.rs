//! Making network devices (`rtnetlink(7)`) and MPTCP endpoints (generic netlink): the guests have no tools for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketType, netlink, recv, send, socket};
use rustix::thread::{UnshareFlags, unshare_unsafe};

// linux/rtnetlink.h, linux/netlink.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
/// Bytes of `struct nlmsghdr`: length, type, flags, sequence number, port.
const HEADER: usize = 16;

// linux/if_link.h, linux/veth.h, linux/if_addr.h.
const IFF_UP: u32 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_PID: u16 = 19;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 2;

// linux/genetlink.h, linux/mptcp.h.
const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NLA_F_NESTED: u16 = 0x8000;
const MPTCP_PM_CMD_ADD_ADDR: u8 = 1;
const MPTCP_PM_CMD_SET_LIMITS: u8 = 5;
const MPTCP_PM_ATTR_ADDR: u16 = 1;
const MPTCP_PM_ATTR_RCV_ADD_ADDRS: u16 = 2;
const MPTCP_PM_ATTR_SUBFLOWS: u16 = 3;
const MPTCP_PM_ADDR_ATTR_FAMILY: u16 = 1;
const MPTCP_PM_ADDR_ATTR_ADDR4: u16 = 3;
const MPTCP_PM_ADDR_ATTR_FLAGS: u16 = 6;
const MPTCP_PM_ADDR_FLAG_SUBFLOW: u32 = 2;

/// Moves the calling thread to a new network namespace, its loopback device up.
pub(crate) fn leave() -> io::Result<()> {
    // SAFETY: only a separate table of descriptors would be dangerous.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    up("lo")
}

/// Sets a device up.
pub(crate) fn up(device: &str) -> io::Result<()> {
    request(RTM_NEWLINK, 0, &link(index(device)?, IFF_UP))
}

/// Makes two connected devices: `name` here, `peer` in the network namespace of process `pid`.
pub(crate) fn add_veth(name: &str, peer: &str, pid: u32) -> io::Result<()> {
    let mut other = link(0, 0);
    attribute(&mut other, IFLA_IFNAME, &text(peer));
    attribute(&mut other, IFLA_NET_NS_PID, &pid.to_ne_bytes());
    let mut data = Vec::new();
    attribute(&mut data, VETH_INFO_PEER, &other);
    let mut info = Vec::new();
    attribute(&mut info, IFLA_INFO_KIND, b"veth");
    attribute(&mut info, IFLA_INFO_DATA, &data);
    let mut body = link(0, 0);
    attribute(&mut body, IFLA_IFNAME, &text(name));
    attribute(&mut body, IFLA_LINKINFO, &info);
    request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body)
}

/// Gives a device an address, usable at once.
pub(crate) fn add_address(device: &str, address: IpAddr, prefix: u8) -> io::Result<()> {
    let (family, bytes) = match address {
        IpAddr::V4(address) => (AddressFamily::INET, address.octets().to_vec()),
        IpAddr::V6(address) => (AddressFamily::INET6, address.octets().to_vec()),
    };
    let family = u8::try_from(family.as_raw()).expect("a family is a small number");
    // struct ifaddrmsg: family, prefix length, flags, scope, index.
    let mut body = vec![family, prefix, IFA_F_NODAD, 0];
    body.extend(index(device)?.to_ne_bytes());
    attribute(&mut body, IFA_ADDRESS, &bytes);
    attribute(&mut body, IFA_LOCAL, &bytes);
    request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body)
}

/// Allows MPTCP connections of this network namespace one more subflow, from this address.
pub(crate) fn add_mptcp_subflow(address: Ipv4Addr) -> io::Result<()> {
    let family = mptcp_family()?;
    let mut limits = vec![MPTCP_PM_CMD_SET_LIMITS, 1, 0, 0];
    attribute(&mut limits, MPTCP_PM_ATTR_RCV_ADD_ADDRS, &1_u32.to_ne_bytes());
    attribute(&mut limits, MPTCP_PM_ATTR_SUBFLOWS, &1_u32.to_ne_bytes());
    exchange(Some(netlink::GENERIC), family, 0, &limits)?;
    let mut endpoint = Vec::new();
    attribute(&mut endpoint, MPTCP_PM_ADDR_ATTR_FAMILY, &AddressFamily::INET.as_raw().to_ne_bytes());
    attribute(&mut endpoint, MPTCP_PM_ADDR_ATTR_ADDR4, &address.octets());
    attribute(&mut endpoint, MPTCP_PM_ADDR_ATTR_FLAGS, &MPTCP_PM_ADDR_FLAG_SUBFLOW.to_ne_bytes());
    let mut add = vec![MPTCP_PM_CMD_ADD_ADDR, 1, 0, 0];
    attribute(&mut add, MPTCP_PM_ATTR_ADDR | NLA_F_NESTED, &endpoint);
    exchange(Some(netlink::GENERIC), family, 0, &add).map(drop)
}

/// Generic netlink's number for MPTCP's path manager.
fn mptcp_family() -> io::Result<u16> {
    let mut body = vec![CTRL_CMD_GETFAMILY, 1, 0, 0];
    attribute(&mut body, CTRL_ATTR_FAMILY_NAME, &text("mptcp_pm"));
    let answer = exchange(Some(netlink::GENERIC), GENL_ID_CTRL, 0, &body)?;
    // After struct genlmsghdr (4 bytes) there are attributes; the number is among them.
    let mut rest = answer.get(4..).unwrap_or_default();
    while let [low, high, kind_low, kind_high, value @ ..] = rest {
        let length = usize::from(u16::from_ne_bytes([*low, *high]));
        if let (CTRL_ATTR_FAMILY_ID, [low, high, ..]) = (u16::from_ne_bytes([*kind_low, *kind_high]), value) {
            return Ok(u16::from_ne_bytes([*low, *high]));
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..).unwrap_or_default();
    }
    Err(io::ErrorKind::NotFound.into())
}

fn index(device: &str) -> io::Result<u32> {
    let any = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
    Ok(name_to_index(any, device)?)
}

fn text(name: &str) -> Vec<u8> {
    [name.as_bytes(), b"\0"].concat()
}

/// `struct ifinfomsg`: family, padding, type, index, flags and which of them to change.
fn link(index: u32, flags: u32) -> Vec<u8> {
    [[0; 4], index.to_ne_bytes(), flags.to_ne_bytes(), flags.to_ne_bytes()].concat()
}

/// `struct nlattr`: length and type, then the value, padded to four bytes.
fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).expect("attributes are short");
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Sends a request to rtnetlink.
fn request(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    // NETLINK_ROUTE is protocol 0.
    exchange(None, kind, flags, body).map(drop)
}

/// Sends a request and returns the kernel's answer without the header; nothing where it is an acknowledgement.
fn exchange(protocol: Option<Protocol>, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut message = u32::try_from(HEADER + body.len()).expect("requests are short").to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    // Sequence number and port: this socket sends one request only.
    message.extend([0; 8]);
    message.extend(body);
    let socket = socket(AddressFamily::NETLINK, SocketType::RAW, protocol)?;
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = vec![0; 4096];
    let (_, length) = recv(&socket, &mut answer, RecvFlags::empty())?;
    answer.truncate(length);
    let kind = answer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let body = answer.get(HEADER..).ok_or(io::ErrorKind::InvalidData)?;
    if kind != Some(NLMSG_ERROR) {
        return Ok(body.to_vec());
    }
    // struct nlmsgerr begins with the negative error number, 0 for none.
    match body.get(..4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes) {
        Some(0) => Ok(Vec::new()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
