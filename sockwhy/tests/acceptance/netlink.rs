//! Making network devices (rtnetlink(7)): the guests have no tool for it.

use std::{io, net::IpAddr};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, netdevice::name_to_index, recv, send, socket};

// linux/rtnetlink.h, linux/netlink.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;

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

/// Switches a device on.
pub(crate) fn up(device: &str) -> io::Result<()> {
    request(RTM_NEWLINK, 0, &link(index(device)?, IFF_UP))
}

/// Makes two devices with a cable between them: `name` here, `peer` in the network namespace of process `pid`.
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

/// Gives a device an address, to be used at once.
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

/// Sends a request and waits for the kernel's answer.
fn request(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let mut message = u32::try_from(16 + body.len()).expect("requests are short").to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    // Sequence number and port: there is one request, and the kernel knows whose.
    message.extend([0; 8]);
    message.extend(body);
    // The protocol NETLINK_ROUTE is 0.
    let socket = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 1024];
    let (_, length) = recv(&socket, &mut answer, RecvFlags::empty())?;
    // struct nlmsghdr (16 bytes, the type at 4), then the negative error number, 0 for none.
    let number = |at: usize| answer[..length].get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    let (Some(kind), Some(error)) = (number(4), number(16)) else { return Err(io::ErrorKind::InvalidData.into()) };
    match (u32::from_ne_bytes(kind) & 0xffff, i32::from_ne_bytes(error)) {
        (kind, 0) if kind == u32::from(NLMSG_ERROR) => Ok(()),
        (_, error) => Err(io::Error::from_raw_os_error(-error)),
    }
}
