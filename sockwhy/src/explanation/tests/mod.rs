//! Every rule, by its name; the verdicts; the advice. The sockets are made up, as kernels with all of them are rare.

mod advice;
mod page;
mod rules;
mod verdicts;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};

use super::{Evidence, Explanation, Holder, Target, Verdict};
use crate::host::Process;
use crate::inventory::join;
use crate::model::network::{Address, LOOPBACK, Network};
use crate::model::socket::{Descriptor, Opening, Owner, Socket, State};
use crate::model::{Family, Label, Name};
use crate::runtime::{Aim, Becomes, Identity, Remedy, Role, Runtime, Setting, Tier, V6only, runtimes};

const NETNS: u32 = 4_026_531_840;
const PID: u32 = 31_307;

/// Sockets, their processes, and a setting, before they are explained.
#[derive(Default)]
struct World {
    sockets: Vec<Socket>,
    held: Vec<Descriptor>,
    holders: BTreeMap<u32, Holder>,
    network: Network,
}

fn name(text: &str) -> Name {
    let mut comm = [0; 16];
    comm[..text.len()].copy_from_slice(text.as_bytes());
    comm.into()
}

fn is_v6only(local: SocketAddr, v6only: bool) -> bool {
    // `__inet6_bind()` sets it for any other address.
    v6only || matches!(local.ip(), IpAddr::V6(address) if !address.is_unspecified())
}

impl World {
    fn bindv6only(mut self, on: bool) -> Self {
        self.network.bindv6only = Some(on);
        self
    }

    /// Devices with these addresses, the first two of the loopback device.
    fn addresses(mut self, addresses: &[&str]) -> Self {
        let of = |(index, ip): (usize, &&str)| Address {
            ip: ip.parse().expect("an address"),
            prefix: if *ip == "127.0.0.1" { 8 } else { 64 },
            device: if index < 2 { LOOPBACK } else { 2 },
        };
        self.network.addresses = Some(addresses.iter().enumerate().map(of).collect());
        self.network.devices = [(LOOPBACK, "lo".to_owned()), (2, "eth0".to_owned())].into();
        self
    }

    /// A UDP socket.
    fn udp(mut self, port: u16, family: Family) -> Self {
        self.network.udp.insert((port, family));
        self
    }

    /// A process, of a runtime of the table or of none.
    fn process(mut self, pid: u32, program: &str, runtime: &str) -> Self {
        let process = Process { pid, name: program.into(), ..Process::default() };
        let runtime = runtimes().chain([&LEAVES_V6ONLY_ALONE]).find(|known| known.name == runtime);
        let identity = Identity { runtime, version: None, settings: Vec::new() };
        self.holders.insert(pid, Holder { process, identity });
        self
    }

    /// The environment of a process.
    fn environment(mut self, pid: u32, variables: &[&str]) -> Self {
        let process = &mut self.holders.get_mut(&pid).expect("it is there").process;
        process.environment = variables.iter().map(|variable| variable.as_bytes().to_vec()).collect();
        process.inner_pid = Some(pid);
        self
    }

    fn setting(mut self, name: &str, value: &str, source: &str) -> Self {
        let identity = &mut self.holders.get_mut(&PID).expect("a process has settings").identity;
        identity.settings.push(Setting {
            name: name.into(),
            value: value.into(),
            source: source.into(),
            misplaced: false,
        });
        self
    }

    /// Among the arguments of the program, where its runtime does not read it.
    fn misplaced(self, name: &str, value: &str) -> Self {
        let mut world = self.setting(name, value, "an argument of the program");
        let identity = &mut world.holders.get_mut(&PID).expect("it is there").identity;
        identity.settings.last_mut().expect("it is there").misplaced = true;
        world
    }

    fn add(mut self, owners: &[u32], socket: Socket) -> Self {
        let inode = u64::try_from(self.sockets.len()).expect("few") + 1;
        self.sockets.push(Socket { inode: NonZeroU64::new(inode), ..socket });
        for pid in owners {
            let process = self.holders.get(pid).map_or("program", |holder| {
                std::str::from_utf8(&holder.process.name).expect("the tests' names are ASCII")
            });
            self.held.push(Descriptor { inode, owner: Owner { pid: Some(*pid), process: name(process), fd: 3 } });
        }
        self
    }

    fn listener(self, family: Family, local: &str, v6only: bool) -> Self {
        self.listener_of(&[PID], family, local, v6only)
    }

    fn listener_of(self, owners: &[u32], family: Family, local: &str, v6only: bool) -> Self {
        let local: SocketAddr = local.parse().expect("an address");
        let v6only = is_v6only(local, v6only);
        let label = Label::of_listener(family, local.ip(), v6only);
        self.add(owners, Socket { state: State::Listen, peer: None, ..socket(family, label, v6only, local) })
    }

    /// How the connection that was added last began.
    fn opened(mut self, opening: Opening) -> Self {
        self.sockets.last_mut().expect("a connection").opening = Some(opening);
        self
    }

    /// The device that the listener that was added last is bound to.
    fn on_device(mut self, index: u32) -> Self {
        self.sockets.last_mut().expect("a listener").device = NonZeroU32::new(index);
        self
    }

    fn connection(self, family: Family, local: &str, peer: &str) -> Self {
        self.connection_of(&[PID], family, local, peer)
    }

    /// The connection that was added last is over.
    fn in_time_wait(mut self) -> Self {
        self.sockets.last_mut().expect("a connection").state = State::TimeWait;
        self
    }

    fn connection_of(self, owners: &[u32], family: Family, local: &str, peer: &str) -> Self {
        let (local, peer): (SocketAddr, SocketAddr) =
            (local.parse().expect("an address"), peer.parse().expect("an address"));
        let label = Label::of_connection(family, peer.ip());
        let socket = Socket { state: State::Established, peer: Some(peer), ..socket(family, label, false, local) };
        self.add(owners, socket)
    }

    fn explain<T>(self, target: &str, look: impl FnOnce(&Explanation<'_>) -> T) -> T {
        self.explain_with(true, target, look)
    }

    fn explain_with<T>(self, all_owners: bool, target: &str, look: impl FnOnce(&Explanation<'_>) -> T) -> T {
        let sockets = join(self.sockets, &self.held, all_owners);
        let target: Target = target.parse().expect("a target");
        let networks = [(NETNS, self.network)].into();
        let evidence = Evidence { sockets: &sockets, holders: self.holders, networks };
        let selected = target.select(&evidence);
        assert!(!selected.is_empty(), "{target} means nothing");
        look(&Explanation::new(target, selected, &evidence))
    }

    /// The sentence of a rule, if it holds.
    fn cause(self, target: &str, rule: &str) -> Option<String> {
        self.explain(target, |explanation| {
            explanation.causes.iter().find(|cause| cause.rule == rule).map(|cause| cause.text.clone())
        })
    }

    fn verdict(self, target: &str) -> Verdict {
        self.explain(target, |explanation| explanation.verdict.clone())
    }
}

fn socket(family: Family, label: Label, v6only: bool, local: SocketAddr) -> Socket {
    Socket {
        state: State::Listen,
        family,
        label,
        v6only: (family == Family::Inet6).then_some(v6only),
        mptcp: false,
        opening: None,
        device: None,
        local,
        peer: None,
        uid: Some(0),
        inode: None,
        netns: NETNS,
        cookie: None,
    }
}

fn java() -> World {
    host().process(PID, "java", "Java")
}

fn unknown() -> World {
    host().process(PID, "server", "")
}

/// With addresses of both versions, and the kernel's defaults.
fn host() -> World {
    World::default().bindv6only(false).addresses(&["127.0.0.1", "::1", "10.0.0.19", "2001:db8::1"])
}

/// A program whose listeners are as `net.ipv6.bindv6only` says.
static LEAVES_V6ONLY_ALONE: Runtime = Runtime {
    name: "a program that leaves IPV6_V6ONLY alone",
    tier: Tier::Proven("these tests"),
    signs: &[],
    v6only: V6only::Inherits,
    disable_ipv6: Becomes::Same,
    bindv6only: Becomes::Ipv6Only,
    settings: |_| Vec::new(),
    remedies: &[MODE, Remedy { aims: &[Aim::Both, Aim::Ipv6Only], setting: None, ..MODE }],
    useless: &[],
};

const MODE: Remedy = Remedy {
    role: Role::Listen,
    aims: &[Aim::Ipv4Only],
    scopes: &[],
    setting: Some(("MODE", "v4")),
    what: "listen on {ipv4}, {ipv6}, {port}",
    how: "MODE=v4",
    effect: "it does",
};

/// The three lines of the question.
fn question() -> World {
    java()
        .listener(Family::Inet6, "[::]:4243", false)
        .connection(Family::Inet6, "10.0.0.19:4243", "10.0.0.20:53512")
        .connection(Family::Inet6, "10.0.0.19:50514", "10.0.0.21:80")
        .opened(Opening::Active)
}

/// Asserts that a rule holds, that its sentence has these words, and that it does not hold for sockets without them.
#[track_caller]
fn assert_says(world: World, target: &str, rule: &str, words: &[&str]) {
    let text = world.cause(target, rule).unwrap_or_else(|| panic!("{rule} does not hold"));
    for word in words {
        assert!(text.contains(word), "{rule} says nothing of {word}: {text}");
    }
    assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
}
