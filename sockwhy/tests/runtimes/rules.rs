//! The rules that need more than a program: settings of the kernel, other namespaces, several sockets.

use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};

use crate::answer::{Answer, explain};
use crate::enter::Enter;
use crate::harness::scenarios;
use crate::network::Network;
use crate::outcome::{Outcome, Stop};
use crate::server::{Folder, PORT, Ready, Server, Sysctl};
use crate::{host, programs, puppet};

scenarios![
    v6only_and_the_default,
    the_default_of_another_network_namespace,
    accepted_and_connected_on_one_machine,
    turned_by_addrform,
    mptcp,
    handed_on,
    shared_by_workers,
    a_listener_beside,
    an_address_finds_its_listener,
];

fn start(arguments: &[&str]) -> Outcome<Server> {
    Server::start(&mut puppet::command(arguments)?, Ready::SaysSo)
}

fn look(arguments: &[&str]) -> Outcome<Answer> {
    let _server = start(arguments)?;
    explain(format!(":{PORT}"))
}

fn v6only_and_the_default() -> Outcome {
    host::require_inet6()?;
    for (default, arguments, label, rule) in [
        ("0", &["listen", "[::]:8080"][..], "dual-stack", "v6only-default-or-cleared"),
        ("0", &["listen-v6only", "[::]:8080", "0"], "dual-stack", "v6only-default-or-cleared"),
        ("0", &["listen-v6only", "[::]:8080", "1"], "IPv6-only", "v6only-set"),
        ("1", &["listen", "[::]:8080"], "IPv6-only", "v6only-inherited-or-set"),
        ("1", &["listen-v6only", "[::]:8080", "1"], "IPv6-only", "v6only-inherited-or-set"),
        ("1", &["listen-v6only", "[::]:8080", "0"], "dual-stack", "v6only-cleared"),
        ("0", &["listen", "[::1]:8080"], "IPv6-only", "bound-to-one-ipv6-address"),
        ("0", &["listen", "[::ffff:127.0.0.1]:8080"], "IPv4-over-AF_INET6", "bound-to-mapped-address"),
    ] {
        let _set = Sysctl::set("ipv6/bindv6only", default)?;
        let _server = start(arguments)?;
        let answer = explain(format!(":{PORT}"))?;
        assert_eq!(answer.labels("LISTEN"), [label], "{arguments:?}");
        answer.cause(rule)?;
        let told = answer.rules().iter().filter(|rule| rule.starts_with("v6only") || rule.starts_with("bound")).count();
        assert_eq!(told, 1, "{:?}", answer.rules());
        let is_refused = TcpStream::connect(("127.0.0.1", PORT)).is_err();
        assert_eq!(is_refused, answer.labels("LISTEN") == ["IPv6-only"], "the kernel agrees");
    }
    Ok(())
}

/// Here the default is 0, there it is 1.
fn the_default_of_another_network_namespace() -> Outcome {
    let there = Enter { network: true, ..Enter::default() };
    let puppet = puppet::command(&["listen", "[::]:8080"])?;
    let mut command = there.command("/bin/sh".as_ref());
    command.args(["-c", "echo 1 > /proc/sys/net/ipv6/bindv6only && exec \"$@\"", "sh"]);
    command.arg(puppet.get_program()).args(puppet.get_args());
    let server = Server::start(&mut command, Ready::SaysSo)?;
    let answer = explain(server.pid())?;
    assert_eq!(answer.labels("LISTEN"), ["IPv6-only"]);
    answer.cause("v6only-inherited-or-set")?;
    assert_eq!(answer.verdict(), (Some(false), Some(true), Some(true)));
    Ok(())
}

fn accepted_and_connected_on_one_machine() -> Outcome {
    host::require_inet6()?;
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
    let client = start(&["connect", "127.0.0.1:8080"])?;
    let _accepted = listener.accept()?;
    let answer = explain(format!(":{PORT}"))?;
    assert_eq!(answer.labels("ESTABLISHED"), ["IPv4-over-AF_INET6"]);
    assert!(answer.cause("other-end")?.contains(&format!("PID {}", client.pid())));
    answer.cause("accepted")?;
    answer.cause("ipv4-on-the-wire")?;

    let answer = explain(client.pid())?;
    assert_eq!(answer.labels("ESTABLISHED"), ["IPv4"]);
    assert!(answer.cause("connection")?.contains("connect() on an AF_INET socket"));
    Ok(())
}

fn turned_by_addrform() -> Outcome {
    let server = start(&["addrform", "[::]:8080"])?;
    let answer = explain(server.pid())?;
    assert_eq!(answer.labels("ESTABLISHED"), ["IPv4", "IPv4"], "the client's and the one that was turned");
    assert!(answer.cause("addrform")?.contains("IPV6_ADDRFORM"));
    let addrform = answer.rules().iter().filter(|rule| **rule == "addrform").count();
    assert_eq!(addrform, 1, "not the client's");
    Ok(())
}

fn mptcp() -> Outcome {
    if std::fs::read_to_string("/proc/sys/net/mptcp/enabled").unwrap_or_default().trim() != "1" {
        return Err(Stop::skipped("this kernel makes no MPTCP sockets"));
    }
    let answer = look(&["listen-mptcp", "[::]:8080"])?;
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"]);
    assert!(answer.cause("mptcp")?.contains("MPTCP"));
    Ok(())
}

/// As systemd does, and others: the socket is left open at descriptor 3, and the environment says so.
fn handed_on() -> Outcome {
    host::require_inet6()?;
    host::require_program("bash")?;
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
    fcntl_setfd(&listener, FdFlags::empty())?;
    let script = format!(
        "[ {0} = 3 ] || exec 3<&{0} {0}<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec sh -c 'echo ready; exec cat'",
        listener.as_raw_fd()
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let service = Server::start(&mut command, Ready::SaysSo)?;
    drop(listener);
    let answer = explain(service.pid())?;
    answer.cause("handed-on")?;
    assert!(answer.remedies()[0].contains("0.0.0.0:8080 where the socket is made"), "{:?}", answer.remedies());
    assert!(answer.no_remedies()[0].contains("program's own settings"), "{:?}", answer.no_remedies());
    Ok(())
}

fn shared_by_workers() -> Outcome {
    host::require_program("nginx")?;
    let folder = Folder::make()?;
    let mut command = programs::nginx(&folder, &["listen 8080;"])?;
    let server = Server::start(&mut command, Ready::Answers)?;
    let answer = explain(format!(":{PORT}"))?;
    let text = answer.cause("shared")?;
    assert!(text.contains("2 processes") && text.contains(&server.pid().to_string()), "{text}");
    Ok(())
}

fn a_listener_beside() -> Outcome {
    let _ipv6 = start(&["listen-v6only", "[::]:8080", "1"])?;
    let answer = explain(format!(":{PORT}"))?;
    answer.cause("no-ipv4-listener")?;
    assert_eq!(answer.verdict(), (Some(false), Some(true), Some(true)));

    let _ipv4 = start(&["listen", "0.0.0.0:8080"])?;
    let answer = explain(format!(":{PORT}"))?;
    answer.cause("ipv4-listener-beside")?;
    assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)));
    Ok(())
}

fn an_address_finds_its_listener() -> Outcome {
    let _network = Network::new()?;
    let _server = start(&["listen", "[::]:8080"])?;
    for target in ["127.0.0.1:8080", "[::1]:8080", "[::]:8080", ":::8080", "*:8080", "0.0.0.0:8080"] {
        let answer = explain(target)?;
        assert_eq!(answer.labels("LISTEN"), ["dual-stack"], "{target}");
    }
    Ok(())
}
