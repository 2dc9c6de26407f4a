//! What `/proc/net/tcp`, `/proc/net/tcp6` and `ss` say of the same sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::{fs, io};

use crate::outcome::{Outcome, Stop};

/// A socket as `/proc/net/tcp` or `tcp6` has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) proto: &'static str,
    pub(crate) state: &'static str,
    pub(crate) local: (IpAddr, u16),
    pub(crate) peer: (IpAddr, u16),
    /// Whether the address of peer, or of a listener, is IPv4-mapped.
    pub(crate) mapped: bool,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// Both files of this thread's network namespace.
pub(crate) fn proc_net() -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for proto in ["tcp", "tcp6"] {
        let text = match fs::read_to_string(format!("/proc/thread-self/net/{proto}")) {
            // This kernel runs without IPv6.
            Err(error) if error.kind() == io::ErrorKind::NotFound && proto == "tcp6" => continue,
            text => text?,
        };
        for line in text.lines().skip(1) {
            lines.push(parse(proto, line).ok_or_else(|| Stop::failed(format!("an unknown line: {line}")))?);
        }
    }
    lines.sort();
    Ok(lines)
}

/// `proc_net_tcp`: index, local, remote, state, queues, timer, retransmits, uid, timeout, inode.
fn parse(proto: &'static str, line: &str) -> Option<Line> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let (local, local_mapped) = end(fields[1])?;
    let (peer, peer_mapped) = end(fields[2])?;
    let state = state(fields[3])?;
    Some(Line {
        proto,
        state,
        local,
        peer,
        mapped: if state == "LISTEN" { local_mapped } else { peer_mapped },
        uid: fields[7].parse().ok()?,
        inode: fields[9].parse().ok()?,
    })
}

/// Words of the address as this machine has them in memory, port in hexadecimal.
fn end(text: &str) -> Option<((IpAddr, u16), bool)> {
    let (address, port) = text.split_once(':')?;
    let words: Vec<_> = (0..address.len() / 8)
        .map(|word| u32::from_str_radix(&address[word * 8..][..8], 16).map(u32::to_ne_bytes))
        .collect::<Result<_, _>>()
        .ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let bytes = words.concat();
    Some(match <[u8; 16]>::try_from(&bytes[..]) {
        Ok(bytes) => {
            let address = Ipv6Addr::from(bytes);
            ((address.to_canonical(), port), address.to_ipv4_mapped().is_some())
        }
        Err(_) => ((Ipv4Addr::from(<[u8; 4]>::try_from(&bytes[..]).ok()?).into(), port), false),
    })
}

/// `enum tcp_state`, as netstat calls them.
fn state(number: &str) -> Option<&'static str> {
    Some(match number {
        "01" => "ESTABLISHED",
        "02" => "SYN_SENT",
        "03" => "SYN_RECV",
        "04" => "FIN_WAIT1",
        "05" => "FIN_WAIT2",
        "06" => "TIME_WAIT",
        "08" => "CLOSE_WAIT",
        "09" => "LAST_ACK",
        "0A" => "LISTEN",
        "0B" => "CLOSING",
        _ => return None,
    })
}

/// What `ss` says of a socket and `/proc/net` does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extended {
    pub(crate) local_port: u16,
    pub(crate) peer_port: Option<u16>,
    pub(crate) cookie: u64,
    /// Only of listeners.
    pub(crate) v6only: Option<bool>,
    /// PIDs and descriptors.
    pub(crate) owners: Vec<(u32, u32)>,
}

/// `ss -tanpe`, in this thread's network namespace.
pub(crate) fn ss() -> Outcome<Vec<Extended>> {
    let output = Command::new("ss").args(["-tanpeOH"]).output();
    let output = output.map_err(|error| Stop::skipped(format!("there is no ss ({error})")))?;
    // It writes the names of processes as they are.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| extended(line).ok_or_else(|| Stop::failed(format!("ss says: {line}")))).collect()
}

fn extended(line: &str) -> Option<Extended> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let port = |end: &str| end.rsplit_once(':').map(|(_, port)| port.parse::<u16>().ok());
    let after = |key: &str| fields.iter().rev().find_map(|field| field.strip_prefix(key));
    let number = |text: &str, key: &str| {
        text.split_once(key).and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
    };
    let users = line.split_once("users:((").map_or("", |(_, users)| users);
    let owners = users
        .split(",pid=")
        .skip(1)
        .filter_map(|owner| Some((owner.split(',').next()?.parse().ok()?, number(owner, "fd=")?)));
    Some(Extended {
        local_port: port(fields.get(3)?)??,
        peer_port: port(fields.get(4)?)?,
        cookie: u64::from_str_radix(after("sk:")?, 16).ok()?,
        v6only: after("v6only:").map(|set| set == "1"),
        owners: owners.collect(),
    })
}
