//! Netlink's messages, and what `sock_diag` asks and answers in them. Source: `include/uapi/linux/netlink.h`,
//! `inet_diag.h` and `sock_diag.h`. Numbers are in the machine's order, ports and addresses in the network's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU64;

use crate::model::Family;
use crate::model::socket::{Socket, State, Unknown, family_and_state};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bytes of `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// Bytes of `struct inet_diag_msg`.
const SOCKET: usize = 72;
/// Bytes of `struct nlattr`.
const ATTRIBUTE: usize = 4;

const INET_DIAG_INFO: u8 = 2;
const INET_DIAG_SKV6ONLY: u16 = 11;
const INET_DIAG_ULP_INFO: u16 = 19;
const INET_ULP_INFO_NAME: u16 = 1;

/// A message that asks for all there is of a kind.
pub(super) fn dump(kind: u16, body: &[u8]) -> Vec<u8> {
    const NLM_F_REQUEST: u16 = 0x1;
    const NLM_F_DUMP: u16 = 0x300;
    // Sequence number and port: the socket has one request at a time.
    const NONE: [u8; 8] = [0; 8];

    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes(), &NONE, body].concat()
}

/// Asks for every TCP socket of a family.
pub(super) fn request(family: u16) -> Vec<u8> {
    const IPPROTO_TCP: u8 = 6;
    const EVERY_STATE: u32 = u32::MAX;

    let mut body = [0; REQUEST];
    let [family, ..] = family.to_le_bytes();
    // A request for INFO is answered with MPTCP too (`tcp_diag_get_aux`).
    body[..3].copy_from_slice(&[family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1)]);
    body[4..8].copy_from_slice(&EVERY_STATE.to_ne_bytes());
    dump(SOCK_DIAG_BY_FAMILY, &body)
}

/// A piece of an answer.
pub(super) enum Message<'a> {
    /// One of those that were asked for, without the header.
    Body(&'a [u8]),
    Done,
    Error(io::Error),
    /// Its lengths are wrong.
    Malformed,
}

/// The messages that were received at once.
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let Some((kind, body, rest)) = split_message(self.0) else {
            self.0 = &[];
            return Some(Message::Malformed);
        };
        self.0 = rest;
        Some(match kind {
            NLMSG_DONE | NLMSG_ERROR => match bytes(body, 0).map(i32::from_ne_bytes) {
                Some(error) if error < 0 => Message::Error(io::Error::from_raw_os_error(error.wrapping_neg())),
                _ => Message::Done,
            },
            _ => Message::Body(body),
        })
    }
}

/// Type and body of the first message, and what follows it.
fn split_message(messages: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes(messages, 0)?) as usize;
    let kind = u16::from_ne_bytes(bytes(messages, 4)?);
    let body = messages.get(HEADER..length)?;
    Some((kind, body, messages.get(align(length)..).unwrap_or_default()))
}

/// Messages and attributes begin at multiples of four bytes.
fn align(length: usize) -> usize {
    length.next_multiple_of(4)
}

pub(super) fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..)?.first_chunk().copied()
}

/// `struct inet_diag_msg` and its attributes.
pub(super) struct InetDiagMsg<'a> {
    socket: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> InetDiagMsg<'a> {
    /// `None` where the message is too short.
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        let (socket, attributes) = body.split_at_checked(SOCKET)?;
        Some(Self { socket, attributes })
    }

    /// The socket of the network namespace with the inode number `netns`.
    pub(super) fn decode(&self, netns: u32) -> Result<Socket, Unknown> {
        let (family, state) = family_and_state(self.socket[0].into(), self.socket[1])?;
        let v6only = attribute(self.attributes, INET_DIAG_SKV6ONLY).and_then(<[u8]>::first).map(|set| *set != 0);
        let ulp = attribute(self.attributes, INET_DIAG_ULP_INFO).and_then(|ulp| attribute(ulp, INET_ULP_INFO_NAME));
        let (uid, inode) = (u32::from_ne_bytes(self.get(64)), u32::from_ne_bytes(self.get(68)));
        let [low, high] = [44, 48].map(|at| u64::from(u32::from_ne_bytes(self.get(at))));
        let ends = [(8, 4), (24, 6)].map(|(address_at, port_at)| {
            SocketAddr::new(address(family, self.get(address_at)), u16::from_be_bytes(self.get(port_at)))
        });
        Ok(Socket {
            mptcp: ulp.is_some_and(|name| name.strip_suffix(b"\0").unwrap_or(name) == b"mptcp"),
            // It is 0 where the kernel has dropped it, or has not set it yet.
            uid: (inode != 0 || uid != 0).then_some(uid),
            inode: NonZeroU64::new(inode.into()),
            cookie: NonZeroU64::new(high << 32 | low),
            // The kernel sends the option for listeners only (`inet_diag_msg_attrs_fill`).
            ..Socket::new(netns, family, state, ends, v6only.filter(|_| state == State::Listen))
                .on_device(u32::from_ne_bytes(self.get(40)))
        })
    }

    fn get<const N: usize>(&self, at: usize) -> [u8; N] {
        bytes(self.socket, at).unwrap_or([0; N])
    }
}

/// An `AF_INET` socket's address stands in the first four bytes.
fn address(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::Inet => {
            let [a, b, c, d, ..] = bytes;
            Ipv4Addr::new(a, b, c, d).into()
        }
        Family::Inet6 => Ipv6Addr::from(bytes).to_canonical(),
    }
}

/// The value of the first attribute of this type.
pub(super) fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    /// Marks attributes that hold others (`NLA_F_NESTED`).
    const NESTED: u16 = 1 << 15;
    loop {
        let length = usize::from(u16::from_ne_bytes(bytes(attributes, 0)?));
        let kind = u16::from_ne_bytes(bytes(attributes, 2)?);
        let value = attributes.get(ATTRIBUTE..length)?;
        if kind & !NESTED == wanted {
            return Some(value);
        }
        attributes = attributes.get(align(length)..)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut message = vec![0; HEADER];
        message[0..4].copy_from_slice(&u32::try_from(HEADER + body.len()).unwrap().to_ne_bytes());
        message[4..6].copy_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(body);
        message.resize(align(message.len()), 0);
        message
    }

    #[test]
    fn an_error_says_what_the_kernel_says() {
        let answer = message(NLMSG_ERROR, &(-2_i32).to_ne_bytes());
        let Some(Message::Error(error)) = Messages(&answer).next() else { panic!("no error") };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_end_is_recognised_after_sockets() {
        let mut socket = [0; SOCKET];
        (socket[0], socket[1]) = (2, 1);
        socket[4..8].copy_from_slice(&[0x10, 0x93, 0xc3, 0x50]);
        socket[8..12].copy_from_slice(&[127, 0, 0, 1]);
        socket[24..28].copy_from_slice(&[10, 0, 0, 20]);
        let answer = [message(SOCK_DIAG_BY_FAMILY, &socket), message(NLMSG_DONE, &[0; 4])].concat();
        let mut messages = Messages(&answer);
        let Some(Message::Body(socket)) = messages.next() else { panic!("no socket") };
        let socket = InetDiagMsg::new(socket).unwrap().decode(7).unwrap();
        assert_eq!(socket.local, "127.0.0.1:4243".parse().unwrap());
        assert_eq!(socket.peer, Some("10.0.0.20:50000".parse().unwrap()));
        assert_eq!((socket.uid, socket.inode, socket.cookie, socket.netns), (None, None, None, 7));
        assert!(matches!(messages.next(), Some(Message::Done)));
        assert!(messages.next().is_none());
    }

    proptest! {
        #[test]
        fn anything_is_read_to_its_end(answer: Vec<u8>) {
            // Each message is at least as long as a header, or is the last.
            prop_assert!(Messages(&answer).count() <= answer.len() / HEADER + 1);
        }

        #[test]
        fn any_attributes_are_read_without_panic(socket: [u8; 32], attributes: Vec<u8>) {
            let mut whole = [0; SOCKET];
            whole[..32].copy_from_slice(&socket);
            let _any_result = InetDiagMsg { socket: &whole, attributes: &attributes }.decode(1);
        }
    }
}
