//! Who takes what, as the kernel has it: each answer is held against connections that were tried.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::answer::{Answer, explain, sockwhy};
use crate::enter::Enter;
use crate::harness::scenarios;
use crate::network::{IPV4, IPV6, Network};
use crate::outcome::{Outcome, Stop};
use crate::server::{PORT, Ready, Server, Sysctl};
use crate::{host, netlink, puppet};

scenarios![
    as_the_kernel_chooses,
    a_listener_for_each_address,
    a_pair_of_two_programs,
    a_child_with_a_connection,
    a_listener_that_is_closed,
    a_client_on_a_listeners_port,
    a_host_without_ipv6_addresses,
    many_workers,
    a_link_local_address,
    udp_on_the_port,
    a_socket_of_another_network_namespace,
    a_port_of_another_network_namespace,
    a_port_where_a_pid_is_expected,
];

/// A puppet of this name.
fn start(name: &str, arguments: &[&str]) -> Outcome<Server> {
    let codes: Vec<_> = name.bytes().map(|byte| format!("{byte:x}")).collect();
    let codes = codes.join(" ");
    let command = [&["name", &codes], arguments].concat();
    Server::start(&mut puppet::command(&command)?, Ready::SaysSo)
}

/// Tries every address; says whether one of IPv4 and one of IPv6 comes to this listener.
fn tried(own: &Socket) -> Outcome<(bool, bool)> {
    own.set_nonblocking(true)?;
    let mut taken = (false, false);
    let all: [IpAddr; 4] = [Ipv4Addr::LOCALHOST.into(), IPV4.into(), Ipv6Addr::LOCALHOST.into(), IPV6.into()];
    for ip in all {
        let _client = TcpStream::connect((ip, PORT));
        // A connection is in the listener's queue before connect() returns.
        let is_own = own.accept().is_ok();
        if ip.is_ipv4() {
            taken.0 |= is_own;
        } else {
            taken.1 |= is_own;
        }
    }
    Ok(taken)
}

fn as_the_kernel_chooses() -> Outcome {
    let _network = Network::new()?;
    for own in
        ["[::]:8080", "0.0.0.0:8080", "[::ffff:127.0.0.1]:8080", "[fd00:99::1]:8080", "10.99.0.1:8080", "[::1]:8080"]
    {
        let others = [None, Some("[::]:8080"), Some("0.0.0.0:8080"), Some("127.0.0.1:8080"), Some("[fd00:99::1]:8080")];
        // Two on the same address share it at random.
        for other in others.into_iter().filter(|other| *other != Some(own)) {
            let listener = puppet::reuseport(own)?;
            let _other = other.map(|other| start("other", &["listen-reuseport", other])).transpose()?;
            let (ipv4, ipv6) = tried(&listener)?;
            let answer = explain(std::process::id())?;
            let (accepts_ipv4, accepts_ipv6, _) = answer.verdict();
            let text = answer.verdict_text();
            assert_eq!((accepts_ipv4, accepts_ipv6), (Some(ipv4), Some(ipv6)), "{own} beside {other:?}: {text}");
        }
    }
    Ok(())
}

fn a_listener_for_each_address() -> Outcome {
    let _network = Network::new()?;
    let _listeners = [TcpListener::bind((IPV4, PORT))?, TcpListener::bind((IPV6, PORT))?];
    for target in [":8080", "10.99.0.1:8080", "[fd00:99::1]:8080", &std::process::id().to_string()] {
        let answer = explain(target)?;
        assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)), "{target}");
        let text = answer.verdict_text();
        assert!(text.contains("accepts IPv4 on 10.99.0.1 and IPv6 on fd00:99::1, port 8080"), "{target}: {text}");
    }
    TcpStream::connect((IPV4, PORT))?;
    TcpStream::connect((IPV6, PORT))?;
    Ok(())
}

fn a_pair_of_two_programs() -> Outcome {
    let _network = Network::new()?;
    let four = start("four", &["listen", "0.0.0.0:8080"])?;
    let six = start("six", &["listen-v6only", "[::]:8080", "1"])?;
    assert_eq!(explain(four.pid())?.verdict(), (Some(true), Some(false), Some(false)));
    let answer = explain(six.pid())?;
    assert_eq!(answer.verdict(), (Some(false), Some(true), Some(true)));
    let four = format!("goes to another program, four (PID {})", four.pid());
    assert!(answer.verdict_text().contains(&four), "{}", answer.verdict_text());
    answer.cause("ipv4-listener-of-another-program")?;
    let answer = explain(":8080")?;
    assert_eq!(answer.verdict(), (Some(true), Some(true), Some(true)));
    assert!(answer.verdict_text().contains("two programs answer on one port"), "{}", answer.verdict_text());
    Ok(())
}

/// A server with a socket for each family, whose child has nothing but an accepted connection.
fn a_child_with_a_connection() -> Outcome {
    let _network = Network::new()?;
    let six = Socket::new(Domain::IPV6, Type::STREAM, None)?;
    six.set_only_v6(true)?;
    six.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT)).into())?;
    six.listen(1)?;
    let four = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    for (listener, address) in [(&Socket::from(four), IpAddr::from(IPV4)), (&six, IPV6.into())] {
        let _client = TcpStream::connect((address, PORT))?;
        let (accepted, _) = listener.accept()?;
        let mut child = Command::new("sleep").arg("100").stdin(Stdio::from(OwnedFd::from(accepted))).spawn()?;
        let answer = explain(child.id());
        child.kill()?;
        child.wait()?;
        let answer = answer?;
        assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)), "{address}");
        let text = answer.verdict_text();
        assert!(text.starts_with(&format!("sleep (PID {}) has one connection", child.id())), "{text}");
        assert!(text.contains("which accepts IPv4 as well as IPv6 on port 8080, with a socket for each"), "{text}");
    }
    Ok(())
}

fn a_listener_that_is_closed() -> Outcome {
    let _network = Network::new()?;
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
    let client = start("client", &["connect", "10.99.0.1:8080"])?;
    let (_accepted, _) = listener.accept()?;
    drop(listener);
    let answer = explain(std::process::id())?;
    answer.cause("listener-gone")?;
    assert_eq!(answer.notes(), ["Nothing listens on port 8080 now."]);
    assert_eq!(answer.remedies(), Vec::<&str>::new(), "it never called connect()");
    assert!(explain(client.pid())?.cause("connection")?.contains("connect() on an AF_INET socket"));
    Ok(())
}

fn a_client_on_a_listeners_port() -> Outcome {
    let _network = Network::new()?;
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.set_reuse_address(true)?;
    client.connect(&server.local_addr()?.into())?;
    let (_accepted, peer) = server.accept()?;
    let late = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    late.set_reuse_address(true)?;
    late.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, peer.port())).into())?;
    late.listen(1)?;
    let answer = explain(peer)?;
    let count = |rule| answer.rules().into_iter().filter(|found| *found == rule).count();
    assert_eq!((count("accepted"), count("connection")), (1, 1), "{:?}", answer.rules());
    assert!(answer.cause("connection")?.contains(&format!("between {peer} and")));
    Ok(())
}

fn a_host_without_ipv6_addresses() -> Outcome {
    let _network = Network::new()?;
    let _set = Sysctl::set("ipv6/conf/all/disable_ipv6", "1")?;
    let _listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, PORT)).is_err());
    let answer = explain(":8080")?;
    assert_eq!(answer.verdict(), (Some(true), Some(false), Some(false)));
    assert!(answer.verdict_text().contains("no device here has an IPv6 address"), "{}", answer.verdict_text());
    Ok(())
}

/// Each has a socket of its own, which share the port.
fn many_workers() -> Outcome {
    let _network = Network::new()?;
    let workers: Vec<_> =
        (0..16).map(|_| start("worker", &["listen-reuseport", "[::]:8080"])).collect::<Outcome<_>>()?;
    let answer = explain(workers[7].pid())?;
    assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)));
    let answer = explain(":8080")?;
    assert_eq!(answer.labels("LISTEN").len(), 16);
    assert_eq!(answer.rules().len(), 4, "{:?}", answer.rules());
    let text = sockwhy(&["explain", ":8080"])?.stdout;
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.contains(" and 13 more) accepts IPv4 as well as IPv6 on port 8080"), "{text}");
    Ok(())
}

fn a_link_local_address() -> Outcome {
    let _network = Network::new()?;
    let address: Ipv6Addr = "fe80::99".parse()?;
    netlink::add_address("test", address.into(), 64)?;
    let index = rustix::net::netdevice::name_to_index(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, "test")?;
    let _listener = TcpListener::bind(std::net::SocketAddrV6::new(address, PORT, 0, index))?;
    for target in ["[fe80::99]:8080".to_owned(), "[fe80::99%test]:8080".to_owned(), format!("[fe80::99%{index}]:8080")]
    {
        assert_eq!(explain(&target)?.labels("LISTEN"), ["IPv6-only"], "{target}");
    }
    let text = sockwhy(&["explain", "[fe80::99%test]:8080"])?.stdout;
    assert!(text.contains("[fe80::99%test]:8080"), "{text}");
    sockwhy(&["explain", "[fe80::99%peer]:8080"])?.assert_refused(1, &["[fe80::99%peer]:8080"]);
    Ok(())
}

fn udp_on_the_port() -> Outcome {
    let _network = Network::new()?;
    let _udp = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
    sockwhy(&["explain", ":8080"])?.assert_refused(1, &["UDP"]);
    let _tcp = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    let answer = explain(":8080")?;
    assert!(answer.notes().iter().any(|note| note.contains("udp6")), "{:?}", answer.notes());
    Ok(())
}

/// Made there by a thread that is in no other process's namespace.
fn a_socket_of_another_network_namespace() -> Outcome {
    let _network = Network::new()?;
    let (ready, is_ready) = mpsc::channel();
    let (end, is_ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let listener = netlink::leave().and_then(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)));
            let _unheard = ready.send(listener);
            // Until the other end of the channel is dropped.
            let _ended = is_ended.recv();
        });
        let _listener = is_ready.recv()??;
        let answer = explain(std::process::id())?;
        drop(end);
        assert_eq!(answer.labels("LISTEN"), ["IPv4"]);
        assert_eq!(answer.verdict(), (Some(true), Some(false), Some(false)));
        Ok(())
    })
}

fn a_port_of_another_network_namespace() -> Outcome {
    let _network = Network::new()?;
    let there = Enter { network: true, ..Enter::default() };
    let puppet = puppet::command(&["listen", "[::]:8080"])?;
    let mut command = there.command(puppet.get_program().as_ref());
    let server = Server::start(command.args(puppet.get_args()), Ready::SaysSo)?;
    let netns = host::inode(format!("/proc/{}/ns/net", server.pid()))?.to_string();
    let pid = format!("PID {}", server.pid());
    let command = format!("sockwhy explain --netns {netns} :8080");
    sockwhy(&["explain", ":8080"])?.assert_refused(1, &[&pid, &command]);
    for choice in [netns.as_str(), "all"] {
        let answer = sockwhy(&["explain", ":8080", "--netns", choice, "-o", "json"])?.answer()?;
        assert_eq!(answer.labels("LISTEN"), ["dual-stack"], "{choice}");
        assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)));
    }
    sockwhy(&["explain", ":8080", "--netns", "1"])?.assert_refused(1, &["no network namespace has the inode 1"]);
    Ok(())
}

fn a_port_where_a_pid_is_expected() -> Outcome {
    let _network = Network::new()?;
    // A number that is no process.
    let is_free = |pid: &u16| !std::path::Path::new(&format!("/proc/{pid}")).exists();
    let port = (1024..=u16::MAX).rev().find(is_free).ok_or_else(|| Stop::failed("every PID is taken"))?;
    let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let hint = format!("sockwhy explain :{port}");
    sockwhy(&["explain", &port.to_string()])?.assert_refused(1, &["no process has the PID", &hint]);
    let answer: Answer = explain(format!(":{port}"))?;
    assert_eq!(answer.labels("LISTEN"), ["IPv4"]);
    Ok(())
}
