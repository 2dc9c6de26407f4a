//! Each rule holds where it should, and its sentence says what it should.

use std::net::{Ipv4Addr, SocketAddr};

use super::*;

#[test]
fn created_af_inet6() {
    let world = unknown().listener(Family::Inet6, "[::]:80", false);
    assert_says(world, ":80", "created-af-inet6", &["[::]:80", "server (PID 31307)", "AF_INET6", "tcp6"]);
    assert_eq!(unknown().listener(Family::Inet, "0.0.0.0:80", false).cause(":80", "created-af-inet6"), None);
}

#[test]
fn created_af_inet() {
    let world = unknown().listener(Family::Inet, "0.0.0.0:80", false);
    assert_says(world, ":80", "created-af-inet", &["0.0.0.0:80", "server (PID 31307)", "AF_INET,"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", false).cause(":80", "created-af-inet"), None);
}

#[test]
fn owner_hidden() {
    let hidden = World::default().listener_of(&[], Family::Inet6, "[::]:80", false);
    hidden.explain_with(false, ":80", |explanation| {
        assert!(explanation.causes.iter().any(|cause| cause.rule == "owner-hidden"));
        assert!(explanation.processes.is_empty());
    });
    assert_eq!(question().cause(":4243", "owner-hidden"), None);
}

#[test]
fn kernels_own() {
    let nfs = World::default().listener_of(&[], Family::Inet6, "[::]:2049", false);
    assert_says(nfs, ":2049", "kernels-own", &["kernel's own"]);
    assert_eq!(question().cause(":4243", "kernels-own"), None);
}

#[test]
fn handed_on_by_systemd() {
    let world = || unknown().process(1, "systemd", "").listener_of(&[1, PID], Family::Inet6, "[::]:80", false);
    assert_says(world(), ":80", "handed-on-by-systemd", &["systemd", ".socket unit"]);
    world().explain(":80", |explanation| {
        assert!(explanation.remedies[0].what.contains("ListenStream=0.0.0.0:80"));
        assert!(explanation.no_remedies[0].what.contains("service's own settings"));
    });
    assert_eq!(question().cause(":4243", "handed-on-by-systemd"), None);
}

#[test]
fn handed_on() {
    let world = || {
        let world = unknown().environment(PID, &["LISTEN_FDS=1", &format!("LISTEN_PID={PID}")]);
        world.listener(Family::Inet6, "[::]:80", false)
    };
    assert_says(world(), ":80", "handed-on", &["did not make it", "LISTEN_FDS", "whoever started it"]);
    assert_eq!(world().cause(":80", "handed-on-by-systemd"), None, "systemd does not hold it");
    // The variables are inherited by programs that they are not meant for.
    let inherited = unknown().environment(PID, &["LISTEN_FDS=1", "LISTEN_PID=7"]);
    assert_eq!(inherited.listener(Family::Inet6, "[::]:80", false).cause(":80", "handed-on"), None);
    let held = world().process(1, "systemd", "").listener_of(&[1, PID], Family::Inet6, "[::]:81", false);
    assert!(held.cause(":81", "handed-on-by-systemd").is_some());
}

#[test]
fn a_program_that_calls_itself_systemd_is_not() {
    let world = World::default().process(PID, "systemd", "").listener(Family::Inet6, "[::]:80", false);
    assert_eq!(world.cause(":80", "handed-on-by-systemd"), None);
}

#[test]
fn shared() {
    let pids = [PID, PID + 1, PID + 2];
    let world = pids.iter().fold(unknown(), |world, pid| world.process(*pid, "nginx", "nginx"));
    let world = world.listener_of(&pids, Family::Inet, "0.0.0.0:80", false);
    assert_says(world, ":80", "shared", &["3 processes", "nginx", "31307, 31308 and 31309"]);
    assert_eq!(question().cause(":4243", "shared"), None);
}

#[test]
fn dual_stack() {
    assert_says(question(), ":4243", "dual-stack", &["::", "IPV6_V6ONLY", "::ffff:10.0.0.20"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", true).cause(":80", "dual-stack"), None);
}

#[test]
fn bound_to_one_ipv6_address() {
    let world = unknown().listener(Family::Inet6, "[::1]:80", false);
    assert_says(world, ":80", "bound-to-one-ipv6-address", &["::1", "the kernel sets IPV6_V6ONLY by itself"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", true).cause(":80", "bound-to-one-ipv6-address"), None);
}

#[test]
fn bound_to_mapped_address() {
    let world = unknown().listener(Family::Inet6, "127.0.0.1:80", false);
    assert_says(world, ":80", "bound-to-mapped-address", &["::ffff:127.0.0.1", "only IPv4"]);
    assert_eq!(unknown().listener(Family::Inet, "127.0.0.1:80", false).cause(":80", "bound-to-mapped-address"), None);
}

/// The rules on `IPV6_V6ONLY` and which of them holds: one, for every listener on `::`.
#[track_caller]
fn assert_v6only(default: Option<bool>, runtime: &str, on: bool, expected: &str, words: &[&str]) {
    let world = || {
        let network = Network { bindv6only: default, ..Network::default() };
        World { network, ..World::default() }.process(PID, "server", runtime).listener(Family::Inet6, "[::]:80", on)
    };
    world().explain(":80", |explanation| {
        let rules: Vec<_> =
            explanation.causes.iter().map(|cause| cause.rule).filter(|rule| rule.starts_with("v6only")).collect();
        assert_eq!(rules, [expected], "{default:?} {runtime} {on}");
    });
    assert_says(world(), ":80", expected, words);
}

#[test]
fn v6only_by_runtime() {
    assert_v6only(Some(false), "Java", false, "v6only-by-runtime", &["off", "Java clears it"]);
    assert_v6only(Some(true), "nginx", true, "v6only-by-runtime", &["on", "nginx sets it"]);
    assert_v6only(None, "Node.js", false, "v6only-by-runtime", &["Node.js"]);
}

#[test]
fn v6only_default_or_cleared() {
    assert_v6only(Some(false), "", false, "v6only-default-or-cleared", &["unknown"]);
    assert_v6only(Some(false), "Python", false, "v6only-default-or-cleared", &["unknown"]);
}

#[test]
fn v6only_cleared() {
    assert_v6only(Some(true), "", false, "v6only-cleared", &["although net.ipv6.bindv6only is 1", "cleared it"]);
}

#[test]
fn v6only_set() {
    assert_v6only(Some(false), "", true, "v6only-set", &["although net.ipv6.bindv6only is 0", "has set it"]);
}

#[test]
fn v6only_inherited_or_set() {
    assert_v6only(Some(true), "", true, "v6only-inherited-or-set", &["inherited", "unknown"]);
}

#[test]
fn v6only_unknown() {
    assert_v6only(None, "", true, "v6only-unknown", &["on", "unknown"]);
    assert_v6only(None, "", false, "v6only-unknown", &["off", "unknown"]);
}

#[test]
fn nothing_is_said_of_v6only_where_the_address_decides() {
    for (family, local) in [(Family::Inet6, "[::1]:80"), (Family::Inet6, "127.0.0.1:80"), (Family::Inet, "0.0.0.0:80")]
    {
        unknown().listener(family, local, false).explain(":80", |explanation| {
            assert!(explanation.causes.iter().all(|cause| !cause.rule.starts_with("v6only")), "{local}");
        });
    }
}

#[test]
fn ipv4_listener_beside() {
    let world = || {
        host().process(PID, "nginx", "nginx").listener(Family::Inet, "0.0.0.0:80", false).listener(
            Family::Inet6,
            "[::]:80",
            true,
        )
    };
    assert_says(world(), ":80", "ipv4-listener-beside", &["AF_INET on 0.0.0.0:80 of nginx (PID 31307)"]);
    assert_eq!(world().cause(":80", "no-ipv4-listener"), None);
    let verdict = world().verdict(":80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (Some(true), Some(true), false));
    assert!(verdict.text.contains("with a socket for each"), "{}", verdict.text);
}

#[test]
fn a_listener_on_loopback_does_not_help_one_on_every_address() {
    let world = unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::]:80", true);
    assert!(world.cause(":80", "no-ipv4-listener").is_some());
    let world = unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::1]:80", true);
    assert!(world.cause(":80", "ipv4-listener-beside").is_some());
}

#[test]
fn no_ipv4_listener() {
    let world = || unknown().listener(Family::Inet6, "[::]:80", true);
    assert_says(world(), ":80", "no-ipv4-listener", &["port 80", "refuses"]);
    let verdict = world().verdict(":80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (Some(false), Some(true), true));
    assert!(verdict.text.contains("refuses IPv4 on port 80"), "{}", verdict.text);
}

#[test]
fn loopback_only() {
    for (family, local) in
        [(Family::Inet, "127.0.0.1:80"), (Family::Inet6, "[::1]:80"), (Family::Inet6, "127.0.0.1:80")]
    {
        assert_says(unknown().listener(family, local, false), ":80", "loopback-only", &["other hosts cannot"]);
    }
    assert_eq!(question().cause(":4243", "loopback-only"), None);
}

#[test]
fn accepted() {
    assert_says(question(), ":4243", "accepted", &["10.0.0.20:53512", "[::]:4243", "AF_INET6"]);
    assert_eq!(question().cause("10.0.0.21:80", "accepted"), None);
}

#[test]
fn connection() {
    assert_says(question(), "10.0.0.21:80", "connection", &["10.0.0.21:80", "java (PID 31307)", "::ffff:10.0.0.21"]);
    assert_eq!(question().cause(":4243", "connection"), None);
}

#[test]
fn ipv4_on_the_wire() {
    assert_says(question(), "10.0.0.21:80", "ipv4-on-the-wire", &["IPv4", "tcp6"]);
    let native = unknown().connection(Family::Inet6, "[2001:db8::1]:50514", "[2001:db8::2]:80");
    assert_eq!(native.cause(":50514", "ipv4-on-the-wire"), None);
}

#[test]
fn addrform() {
    let turned = || {
        unknown().listener(Family::Inet6, "[::]:80", false).connection(Family::Inet, "10.0.0.19:80", "10.0.0.20:53512")
    };
    assert_says(turned(), "10.0.0.20:53512", "addrform", &["IPV6_ADDRFORM", "port 80"]);
    let listener_there = turned().listener(Family::Inet, "0.0.0.0:80", false);
    assert_eq!(listener_there.cause("10.0.0.20:53512", "addrform"), None);
    let v6only =
        unknown().listener(Family::Inet6, "[::]:80", true).connection(Family::Inet, "10.0.0.19:80", "10.0.0.20:53512");
    assert_eq!(v6only.cause("10.0.0.20:53512", "addrform"), None);
}

#[test]
fn other_end() {
    let world = unknown()
        .process(7, "nc", "")
        .listener(Family::Inet6, "[::]:80", false)
        .connection(Family::Inet6, "127.0.0.1:80", "127.0.0.1:53512")
        .connection_of(&[7], Family::Inet, "127.0.0.1:53512", "127.0.0.1:80");
    assert_says(world, ":80", "other-end", &["nc (PID 7)", "AF_INET", "as tcp and as tcp6"]);
    assert_eq!(question().cause(":4243", "other-end"), None);
}

#[test]
fn mptcp() {
    let world = |runtime| {
        let local = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 80));
        let socket = Socket { mptcp: true, ..socket(Family::Inet6, Label::DualStack, false, local) };
        World::default().bindv6only(false).process(PID, "server", runtime).add(&[PID], socket)
    };
    assert_says(world("Go"), ":80", "mptcp", &["MPTCP", "since 1.24", "GODEBUG=multipathtcp=0"]);
    assert!(!world("").cause(":80", "mptcp").expect("it is MPTCP").contains("Go"));
    assert_eq!(question().cause(":4243", "mptcp"), None);
}

#[test]
fn v6only_inherited() {
    let world = |now, on| {
        let world = host().bindv6only(now).process(PID, "vsftpd", LEAVES_V6ONLY_ALONE.name);
        world.listener(Family::Inet6, "[::]:21", on)
    };
    assert_says(world(true, true), ":21", "v6only-inherited", &["on", "is 1 here", "only IPv6"]);
    assert_says(world(false, true), ":21", "v6only-inherited", &["was 1 when the socket was made"]);
    assert_says(world(false, false), ":21", "v6only-inherited", &["off", "is 0 here"]);
}

#[test]
fn ipv4_listener_of_another_program() {
    let world = unknown().process(7, "other", "").listener_of(&[7], Family::Inet, "0.0.0.0:80", false).listener(
        Family::Inet6,
        "[::]:80",
        true,
    );
    assert_says(world, ":80", "ipv4-listener-of-another-program", &["another program", "0.0.0.0:80", "other (PID 7)"]);
}

#[test]
fn bound_to_device() {
    let world = |device| unknown().listener(Family::Inet6, "[::]:80", false).on_device(device);
    assert_says(world(LOOPBACK), ":80", "bound-to-device", &["loopback device", "other hosts cannot"]);
    assert_says(world(2), ":80", "bound-to-device", &["the device eth0"]);
    assert_eq!(question().cause(":4243", "bound-to-device"), None);
}

#[test]
fn listener_gone() {
    let accepted = || {
        let world = unknown().connection(Family::Inet6, "10.0.0.19:80", "10.0.0.20:53512");
        world.opened(Opening::Passive)
    };
    assert_says(accepted(), ":80", "listener-gone", &["10.0.0.20:53512", "not there now", "AF_INET6"]);
    assert_eq!(question().cause("10.0.0.21:80", "listener-gone"), None);
}

const PREFER: &str = "java.net.preferIPv4Stack";

#[test]
fn setting_in_effect() {
    let world = || java().setting(PREFER, "true", "JAVA_TOOL_OPTIONS").listener(Family::Inet, "0.0.0.0:80", false);
    assert_says(world(), ":80", "setting-in-effect", &[PREFER, "JAVA_TOOL_OPTIONS", "Java makes AF_INET"]);
    assert_eq!(world().cause(":80", "setting-without-effect"), None);
}

#[test]
fn setting_without_effect() {
    let world = || java().setting(PREFER, "true", "the command line").listener(Family::Inet6, "[::]:80", false);
    assert_says(world(), ":80", "setting-without-effect", &[PREFER, "the command line", "too late"]);
    assert_eq!(world().cause(":80", "setting-in-effect"), None);
    let overridden = world().setting(PREFER, "false", "_JAVA_OPTIONS");
    assert_eq!(overridden.cause(":80", "setting-without-effect"), None, "the last one wins");
}

#[test]
fn setting_misplaced() {
    let world = java().misplaced(PREFER, "true").listener(Family::Inet6, "[::]:80", false);
    assert_says(world, ":80", "setting-misplaced", &[PREFER, "behind its name", "Java"]);
    assert_eq!(question().cause(":4243", "setting-misplaced"), None);
}

#[test]
fn many_sockets_of_a_kind_are_one_cause() {
    let mut world = java().listener(Family::Inet6, "[::]:80", false);
    for number in 0..500_u16 {
        let peer = SocketAddr::new(Ipv4Addr::new(10, 0, 0, 20).into(), 10_000 + number).to_string();
        world = world.connection(Family::Inet6, "10.0.0.19:80", &peer);
    }
    world.explain(&PID.to_string(), |explanation| {
        assert_eq!(explanation.sockets.len(), 501);
        let accepted: Vec<_> = explanation.causes.iter().filter(|cause| cause.rule == "accepted").collect();
        assert_eq!(accepted.len(), 1);
        assert!(accepted[0].text.starts_with("The 500 connections on port 80 from IPv4 peers"), "{}", accepted[0].text);
    });
}
