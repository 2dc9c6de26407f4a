//! A network namespace for one program: what it does there, it can do on any host.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::outcome::{Outcome, Stop};
use crate::{host, netlink};

/// An address of each family besides those of the loopback device, because programs look for one.
pub(crate) const IPV4: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
pub(crate) const IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x99, 0, 0, 0, 0, 0, 1);

/// How long programs may take to end when they are asked to. They leave nothing behind but what is in their folder.
const LIMIT: Duration = Duration::from_millis(500);

/// The network namespace that the calling thread is in, and what is started from it. All of that is ended when this is
/// dropped.
pub(crate) struct Network {
    /// The namespace's inode number.
    namespace: u64,
}

impl Network {
    /// Takes the calling thread to a new one.
    pub(crate) fn new() -> Outcome<Self> {
        const DEVICE: &str = "test";
        host::require_inet6()?;
        netlink::leave()?;
        let network = Self { namespace: host::inode("/proc/thread-self/ns/net")? };
        // Programs that make a socket for each address would make one for a link-local address too.
        fs::write("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1")?;
        let thread = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        netlink::add_veth(DEVICE, "peer", thread)?;
        for device in [DEVICE, "peer"] {
            netlink::up(device)?;
        }
        netlink::add_address(DEVICE, IPV4.into(), 24)?;
        netlink::add_address(DEVICE, IPV6.into(), 64)?;
        Ok(network)
    }

    /// Every process that runs in it, except this one.
    fn processes(&self) -> Vec<Pid> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_here = |pid: &u32| host::inode(format!("/proc/{pid}/ns/net")).is_ok_and(|inode| inode == self.namespace);
        pids.filter(|pid| *pid != std::process::id() && is_here(pid))
            .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
            .collect()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let deadline = Instant::now() + LIMIT;
        let mut signal = Signal::TERM;
        loop {
            let processes = self.processes();
            if processes.is_empty() {
                return;
            }
            for pid in processes {
                let _gone = kill_process(pid, signal);
            }
            if Instant::now() > deadline {
                signal = Signal::KILL;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The addresses of the listeners on a port as `ss` shows them, each once and in order: `*` takes both, `[::]` IPv6 alone.
pub(crate) fn listeners(port: u16) -> Outcome<Vec<String>> {
    let output = Command::new("ss").args(["-Hltn", &format!("sport = {port}")]).output()?;
    if !output.status.success() {
        return Err(Stop::failed(String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8(output.stdout)?;
    let local = |line: &str| {
        let (address, _) = line.split_whitespace().nth(3)?.rsplit_once(':')?;
        // `%lo` names the device that a socket is bound to.
        Some(address.split('%').next().unwrap_or(address).to_owned())
    };
    let addresses: BTreeSet<_> = text.lines().filter_map(local).collect();
    Ok(addresses.into_iter().collect())
}

/// Connections to those of the namespace's addresses where somebody listens.
pub(crate) fn connect(port: u16) -> impl Iterator<Item = TcpStream> {
    let all: [IpAddr; 4] = [Ipv4Addr::LOCALHOST.into(), IPV4.into(), Ipv6Addr::LOCALHOST.into(), IPV6.into()];
    all.into_iter().filter_map(move |address| TcpStream::connect(SocketAddr::new(address, port)).ok())
}
