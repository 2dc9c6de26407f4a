//! PIDs are those of sockwhy's own PID namespace, and network namespaces those of the sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{Command, Open, v4};
use crate::enter::Enter;
use crate::event::Event;
use crate::flow::{Flow, assert_same};
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![
    process_of_a_child_pid_namespace,
    filter_for_a_process_of_a_child_pid_namespace,
    from_within_a_pid_namespace,
    filter_within_a_pid_namespace,
    within_a_time_namespace,
    between_network_namespaces,
    socket_from_another_network_namespace,
    process_in_a_cgroup,
];

/// As in a container: `unshare -p -n -m --fork --mount-proc`.
fn container() -> Enter {
    Enter { pids: true, network: true, ..Enter::default() }
}

/// Connects and accepts within one process.
fn loop_back(actor: &mut Actor) -> Outcome<Vec<Flow>> {
    let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
    Ok(vec![actor.connect(Open::inet(), address)?, actor.accept(listener)?])
}

fn process_of_a_child_pid_namespace(session: &Session) -> Outcome {
    let mut inside = Actor::start_in(&container())?;
    assert_eq!(inside.hello.pid, 1);
    assert_ne!(inside.pid, 1);
    let mut watch = session.watch()?;
    let flows = loop_back(&mut inside)?;
    assert_eq!(flows[0].netns, inside.hello.netns);
    watch.assert_saw(&flows)
}

fn filter_for_a_process_of_a_child_pid_namespace(session: &Session) -> Outcome {
    let (mut inside, mut other) = (Actor::start_in(&container())?, Actor::start()?);
    let tracer = session.trace().pids([inside.pid]).start()?;
    let flows = loop_back(&mut inside)?;
    loop_back(&mut other)?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

/// What a process knows of itself, as its own namespace numbers it.
fn seen_inside(flow: Flow, actor: &Actor) -> Flow {
    Flow { pid: Some(actor.hello.pid), tid: Some(actor.hello.pid), ..flow }
}

fn from_within_a_pid_namespace(session: &Session) -> Outcome {
    let mut first = Actor::start_in(&container())?;
    let joined = Enter { join: Some(first.pid), ..Enter::default() };
    let mut second = Actor::start_in(&joined)?;
    let mut outside = Actor::start()?;
    let tracer = session.trace().enter(joined).start()?;
    let mut flows = Vec::new();
    for actor in [&mut first, &mut second] {
        flows.extend(loop_back(actor)?.into_iter().map(|flow| seen_inside(flow, actor)));
    }
    // It has no number inside.
    let unseen = loop_back(&mut outside)?.into_iter().map(|flow| Flow { pid: None, tid: None, ..flow });
    flows.extend(unseen);
    let mut finished = tracer.stop()?;
    finished.assert_well()?;
    // No other process has a PID inside, and no other socket outside has these ports.
    let is_ours = |event: &Event| {
        let ports = |flow: &Flow| [flow.local.port(), flow.peer.port()].map(|port| Some(u64::from(port)));
        flows.iter().any(|flow| ports(flow) == [event.int("local_port"), event.int("peer_port")])
    };
    finished.events.retain(|event| event.int("pid").is_some() || is_ours(event));
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

fn filter_within_a_pid_namespace(session: &Session) -> Outcome {
    let mut first = Actor::start_in(&container())?;
    let joined = Enter { join: Some(first.pid), ..Enter::default() };
    let mut second = Actor::start_in(&joined)?;
    let mut outside = Actor::start()?;
    let tracer = session.trace().enter(joined).pids([second.hello.pid]).start()?;
    loop_back(&mut first)?;
    loop_back(&mut outside)?;
    let flows: Vec<_> = loop_back(&mut second)?.into_iter().map(|flow| seen_inside(flow, &second)).collect();
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

/// The time of an event is the wall clock's, whatever the monotonic clock says there.
fn within_a_time_namespace(session: &Session) -> Outcome {
    if !Path::new("/proc/self/ns/time").exists() {
        return Err(Stop::skipped("this kernel has no time namespaces"));
    }
    let mut actor = Actor::start()?;
    let ahead = Enter { monotonic: Some(100_000), ..Enter::default() };
    let tracer = session.trace().enter(ahead).pids([actor.pid]).start()?;
    let flows = loop_back(&mut actor)?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    assert_same(&finished.events, &flows, session.backend);
    Ok(())
}

/// Two namespaces with connected devices: addresses that are not loopback's, and real IPv6.
fn between_network_namespaces(session: &Session) -> Outcome {
    let alone = Enter { network: true, ..Enter::default() };
    let (mut client, mut server) = (Actor::start_in(&alone)?, Actor::start_in(&alone)?);
    assert_ne!(client.hello.netns, server.hello.netns);
    let has_ipv6 = host::has_ipv6();
    let (name, peer) = ("client0".to_owned(), "server0".to_owned());
    let devices = Command::AddVeth { name: name.clone(), peer: peer.clone(), peer_pid: server.pid };
    client.perform(&devices).map_err(|stop| match stop {
        Stop::Failed(why) if why.contains("not supported") => Stop::skipped(format!("this kernel has no veth: {why}")),
        other => other,
    })?;
    for (actor, device, host_number) in [(&mut client, name, 1), (&mut server, peer, 2)] {
        actor.perform(&Command::Up(device.clone()))?;
        let (v4, v6) = addresses(host_number);
        for (address, prefix) in [(v4, 24), (v6, 64)].into_iter().filter(|(address, _)| address.is_ipv4() || has_ipv6) {
            actor.perform(&Command::AddAddress { device: device.clone(), address, prefix })?;
        }
    }

    let (v4, v6) = addresses(2);
    let IpAddr::V4(plain) = v4 else { unreachable!("the first is IPv4") };
    let mut clients = vec![(Open::inet(), v4)];
    if has_ipv6 {
        clients.push((Open::inet6().v6only(false), plain.to_ipv6_mapped().into()));
        clients.push((Open::inet6(), v6));
    }
    let any = if has_ipv6 { Open::inet6().v6only(false).bind(([0_u16; 8], 0)) } else { Open::inet().bind(([0; 4], 0)) };
    let (listener, address) = server.listen(any)?;
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    for (open, to) in clients {
        let connected = client.connect(open, (to, address.port()).into())?;
        assert_eq!(connected.error, None, "{to}");
        assert!(!connected.local.ip().to_canonical().is_loopback());
        flows.push(connected.named(format!("connect to {to}")));
        flows.push(server.accept(listener)?.named(format!("accept on {to}")));
    }
    watch.assert_saw(&flows)
}

/// The addresses of one of the two devices.
fn addresses(number: u8) -> (IpAddr, IpAddr) {
    (Ipv4Addr::new(10, 91, 0, number).into(), Ipv6Addr::new(0xfd91, 0, 0, 0, 0, 0, 0, number.into()).into())
}

/// The field is the socket's: a socket stays in its namespace when its process moves to another.
fn socket_from_another_network_namespace(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    for actor in [&mut client, &mut server] {
        actor.perform(&Command::LeaveNetwork)?;
    }
    let mut watch = session.watch()?;
    let connected = client.connect_socket(socket, address)?;
    let accepted = server.accept(listener)?;
    assert_eq!(connected.netns, host::inode("/proc/self/ns/net")?);
    assert_ne!(connected.netns, host::inode(format!("/proc/{}/ns/net", client.pid))?);
    watch.assert_saw(&[connected, accepted])
}

fn process_in_a_cgroup(session: &Session) -> Outcome {
    let root = host::cgroup2().ok_or_else(|| Stop::skipped("no cgroup v2 is mounted"))?;
    let cgroup = Cgroup::make(root.join(format!("sockwhy-acceptance-{}", std::process::id())))?;
    // Is dropped before its cgroup, which can only be removed when it is empty.
    let mut actor = Actor::start()?;
    std::fs::write(cgroup.0.join("cgroup.procs"), actor.pid.to_string())?;
    let mut watch = session.watch()?;
    let flows = loop_back(&mut actor)?;
    assert_eq!(flows[0].cgroup_id, Some(host::inode(&cgroup.0)?));
    watch.assert_saw(&flows)
}

/// A cgroup. It is removed when this is dropped.
struct Cgroup(std::path::PathBuf);

impl Cgroup {
    fn make(path: std::path::PathBuf) -> Outcome<Self> {
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _busy = std::fs::remove_dir(&self.0);
    }
}
