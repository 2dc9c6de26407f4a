//! What is accepted where, and by whom.

use super::*;

#[test]
fn the_question_is_answered() {
    question().explain(&PID.to_string(), |explanation| {
        let Verdict { accepts_ipv4, accepts_ipv6, problem, text } = &explanation.verdict;
        assert_eq!((*accepts_ipv4, *accepts_ipv6, *problem), (Some(true), Some(true), false));
        assert!(text.starts_with("java (PID 31307) accepts IPv4 as well as IPv6 on port 4243"), "{text}");
        let rules: Vec<_> = explanation.causes.iter().map(|cause| cause.rule).collect();
        let chain = [
            "created-af-inet6",
            "dual-stack",
            "v6only-by-runtime",
            "accepted",
            "ipv4-on-the-wire",
            "connection",
            "ipv4-on-the-wire",
        ];
        assert_eq!(rules, chain);
        assert!(explanation.remedies[0].what.contains("preferIPv4Stack=true"));
        assert!(explanation.no_remedies.iter().any(|advice| advice.how.contains("server.address=0.0.0.0")));
    });
}

#[test]
fn ports_that_differ_are_told_apart() {
    let world = unknown()
        .listener(Family::Inet6, "[::]:8080", false)
        .listener(Family::Inet6, "[::]:8081", false)
        .listener(Family::Inet6, "[::]:9000", true)
        .listener(Family::Inet, "0.0.0.0:22", false);
    let verdict = world.verdict(&PID.to_string());
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (None, None, true));
    for words in ["refuses IPv4 on port 9000", "on ports 8080 and 8081, with one socket", "IPv4 only on port 22"] {
        assert!(verdict.text.contains(words), "{}", verdict.text);
    }
}

#[test]
fn connections_alone_neither_accept_nor_refuse() {
    let verdict = question().verdict("10.0.0.21:80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (None, None, false));
    assert!(verdict.text.contains("tcp6 is no problem"), "{}", verdict.text);
}

#[test]
fn an_address_finds_the_listener_that_takes_it() {
    let world = || unknown().listener(Family::Inet6, "[::]:80", false).listener(Family::Inet, "127.0.0.1:80", false);
    let locals = |target: &str| {
        world().explain(target, |explanation| {
            explanation.sockets.iter().map(|socket| socket.local.to_string()).collect::<Vec<_>>()
        })
    };
    assert_eq!(locals("127.0.0.1:80"), ["127.0.0.1:80"], "the one bound to it");
    assert_eq!(locals("10.0.0.19:80"), ["[::]:80"], "the one for any address");
    assert_eq!(locals("[2001:db8::1]:80"), ["[::]:80"]);
}

#[test]
fn a_connection_brings_its_listener() {
    question().explain("10.0.0.20:53512", |explanation| {
        let states: Vec<_> = explanation.sockets.iter().map(|socket| socket.state.as_str()).collect();
        assert_eq!(states, ["LISTEN", "ESTABLISHED"]);
        let Verdict { accepts_ipv4, text, .. } = &explanation.verdict;
        assert_eq!(*accepts_ipv4, Some(true));
        assert!(text.starts_with("The connection is IPv4, over a socket that is AF_INET6"), "{text}");
    });
}

/// Asserts what is accepted, whether that is a problem, and words of the answer.
#[track_caller]
fn assert_verdict(world: World, target: &str, expected: (bool, bool, bool), words: &[&str]) {
    let Verdict { accepts_ipv4, accepts_ipv6, problem, text } = world.verdict(target);
    let (ipv4, ipv6, is_problem) = expected;
    assert_eq!((accepts_ipv4, accepts_ipv6, problem), (Some(ipv4), Some(ipv6), is_problem), "{text}");
    for word in words {
        assert!(text.contains(word), "nothing of {word:?}: {text}");
    }
}

/// The rules of the notes on a target.
fn notes(world: World, target: &str) -> Vec<&'static str> {
    world.explain(target, |explanation| explanation.notes.iter().map(|note| note.rule).collect())
}

/// nginx and BIND have these, and sshd with a `ListenAddress` for each.
#[test]
fn a_listener_for_each_address() {
    let world =
        || unknown().listener(Family::Inet, "10.0.0.19:80", false).listener(Family::Inet6, "[2001:db8::1]:80", false);
    for target in [":80", "10.0.0.19:80", "[2001:db8::1]:80", "31307"] {
        let words = ["accepts IPv4 on 10.0.0.19 and IPv6 on 2001:db8::1, port 80", "tcp6 is no problem"];
        assert_verdict(world(), target, (true, true, false), &words);
    }
    assert_eq!(world().cause(":80", "no-ipv4-listener"), None);
}

/// Whichever of its sockets the question is about.
#[test]
fn the_whole_program_is_judged() {
    let server = || unknown().listener(Family::Inet, "0.0.0.0:5432", false).listener(Family::Inet6, "[::]:5432", true);
    for target in [":5432", "0.0.0.0:5432", "[::]:5432", "127.0.0.1:5432", "[2001:db8::1]:5432"] {
        assert_verdict(
            server(),
            target,
            (true, true, false),
            &["IPv4 as well as IPv6 on port 5432", "a socket for each"],
        );
    }
    // A process for each connection closes the listeners.
    let backend = |family, local, peer| {
        server().process(7, "backend", "").connection_of(&[7], family, local, peer).opened(Opening::Passive)
    };
    for world in [
        backend(Family::Inet, "10.0.0.19:5432", "10.0.0.20:50000"),
        backend(Family::Inet6, "[2001:db8::1]:5432", "[2001:db8::2]:50000"),
    ] {
        let words = ["backend (PID 7) has one connection", "It came to server (PID 31307), which accepts IPv4 as well"];
        assert_verdict(world, "7", (true, true, false), &words);
    }
}

#[test]
fn two_programs_on_one_port() {
    let world = || {
        unknown().process(7, "other", "").listener(Family::Inet6, "[::]:80", true).listener_of(
            &[7],
            Family::Inet,
            "0.0.0.0:80",
            false,
        )
    };
    let words =
        ["server (PID 31307) accepts IPv6 only on port 80", "IPv4 there goes to another program, other (PID 7)"];
    assert_verdict(world(), "31307", (false, true, true), &words);
    assert_verdict(world(), "7", (true, false, false), &["other (PID 7) accepts IPv4 only on port 80", "two programs"]);
    let words = ["server (PID 31307) accepts IPv6 only", "other (PID 7) accepts IPv4 only", "two programs answer"];
    assert_verdict(world(), ":80", (true, true, true), &words);
    world().explain("31307", |explanation| {
        let what: Vec<_> = explanation.remedies.iter().map(|advice| advice.what.as_str()).collect();
        assert_eq!(what, ["one program for the port"]);
    });
}

/// A dual-stack listener loses IPv4 to an `AF_INET` one, as the kernel prefers it.
#[test]
fn an_af_inet_listener_is_asked_first() {
    let world = unknown().process(7, "other", "").listener(Family::Inet6, "[::]:80", false).listener_of(
        &[7],
        Family::Inet,
        "0.0.0.0:80",
        false,
    );
    assert_verdict(
        world,
        "31307",
        (false, true, true),
        &["accepts IPv6 only", "goes to another program, other (PID 7)"],
    );
}

/// One bound to an address is asked before one on any.
#[test]
fn another_program_on_one_address() {
    let world = unknown().process(7, "other", "").listener(Family::Inet6, "[::]:80", false).listener_of(
        &[7],
        Family::Inet,
        "127.0.0.1:80",
        false,
    );
    let words = ["accepts IPv4 on every address except 127.0.0.1 and IPv6 on every address, port 80"];
    assert_verdict(world, "31307", (true, true, false), &words);
}

/// docker-proxy has a process for each family.
#[test]
fn processes_of_one_program() {
    let world = || {
        host()
            .process(7, "docker-proxy", "docker-proxy")
            .process(8, "docker-proxy", "docker-proxy")
            .listener_of(&[7], Family::Inet, "0.0.0.0:80", false)
            .listener_of(&[8], Family::Inet6, "[::]:80", true)
    };
    assert_verdict(world(), ":80", (true, true, false), &["docker-proxy (PIDs 7 and 8) accepts IPv4 as well as IPv6"]);
    let words = ["docker-proxy (PID 8) accepts IPv6 only on port 80", "another of its processes, docker-proxy (PID 7)"];
    assert_verdict(world(), "8", (false, true, false), &words);
    assert_verdict(world(), "7", (true, false, false), &["docker-proxy (PID 7) accepts IPv4 only"]);
}

/// They share the port by `SO_REUSEPORT`.
#[test]
fn a_socket_for_each_of_many_processes() {
    let pids: Vec<u32> = (1000..1064).collect();
    let world = || {
        let world = pids.iter().fold(host(), |world, pid| world.process(*pid, "worker", ""));
        pids.iter().fold(world, |world, pid| world.listener_of(&[*pid], Family::Inet6, "[::]:80", false))
    };
    assert_verdict(world(), "1007", (true, true, false), &["worker (PID 1007) accepts IPv4 as well as IPv6"]);
    let words = ["worker (PIDs 1000, 1001, 1002 and 61 more) accepts IPv4 as well as IPv6 on port 80, with one socket"];
    assert_verdict(world(), ":80", (true, true, false), &words);
    world().explain(":80", |explanation| assert_eq!(explanation.causes.len(), 4, "{:?}", explanation.causes));
}

#[test]
fn a_host_without_ipv6_addresses() {
    let host = |world: World| world.addresses(&["127.0.0.1", "10.0.0.19"]);
    let dual = host(unknown().listener(Family::Inet6, "[::]:80", false));
    let words = ["accepts IPv4 on port 80", "would accept IPv6 as well, but no device here has an IPv6 address"];
    assert_verdict(dual, ":80", (true, false, false), &words);
    let v6only = host(unknown().listener(Family::Inet6, "[::]:80", true));
    let words = ["listens on port 80, where nobody can connect: no device here has an IPv6 address"];
    assert_verdict(v6only, ":80", (false, false, true), &words);
}

/// `IP_FREEBIND`, or an address that was taken away since.
#[test]
fn an_address_that_the_host_does_not_have() {
    let world = unknown().listener(Family::Inet, "10.0.0.99:80", false);
    assert_verdict(world, ":80", (false, false, false), &["no device here has the address 10.0.0.99"]);
    // The loopback device takes all of 127.0.0.0/8.
    let world = unknown().listener(Family::Inet, "127.0.0.53:80", false);
    assert_verdict(
        world,
        ":80",
        (true, false, false),
        &["accepts IPv4 only, on 127.0.0.53, port 80", "this host alone"],
    );
}

#[test]
fn where_the_addresses_are_unknown_those_of_the_listeners_count() {
    let unknown = || World::default().process(PID, "server", "");
    assert_verdict(
        unknown().listener(Family::Inet6, "[::]:80", false),
        ":80",
        (true, true, false),
        &["as well as IPv6"],
    );
    let pair = unknown().listener(Family::Inet, "10.0.0.1:80", false).listener(Family::Inet6, "[::]:80", true);
    assert_verdict(pair, ":80", (true, true, false), &["accepts IPv4 on 10.0.0.1 and IPv6 on every address"]);
}

#[test]
fn what_is_bound_to_a_device_takes_its_addresses() {
    let world = |device| unknown().listener(Family::Inet6, "[::]:80", false).on_device(device);
    let words = ["accepts IPv4 on 10.0.0.19 and IPv6 on 2001:db8::1, port 80"];
    assert_verdict(world(2), ":80", (true, true, false), &words);
    assert_verdict(
        world(LOOPBACK),
        ":80",
        (true, true, false),
        &["accepts IPv4 as well as IPv6", "from this host alone"],
    );
}

#[test]
fn loopback_is_loopback() {
    let world = || unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::1]:80", false);
    let words = ["accepts IPv4 on 127.0.0.1 and IPv6 on ::1, port 80, from this host alone"];
    assert_verdict(world(), ":80", (true, true, false), &words);
    assert_eq!(notes(world(), ":80"), ["look-elsewhere"]);
    // IPv4 from elsewhere is refused.
    let wider = unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::]:80", true);
    assert_verdict(wider, ":80", (true, true, true), &["accepts IPv4 on 127.0.0.1 and IPv6 on every address"]);
}

#[test]
fn an_address_that_nobody_takes_is_refused() {
    let world = || unknown().listener(Family::Inet6, "[::]:80", true);
    assert_verdict(
        world(),
        "127.0.0.1:80",
        (false, true, true),
        &["refuses IPv4 on port 80, where it takes IPv6 only"],
    );
}

#[test]
fn a_connection_with_both_ends_here_is_one() {
    let world = unknown()
        .process(7, "nc", "")
        .listener(Family::Inet6, "[::]:80", false)
        .connection(Family::Inet6, "127.0.0.1:80", "127.0.0.1:53512")
        .connection_of(&[7], Family::Inet, "127.0.0.1:53512", "127.0.0.1:80");
    let words = ["The connection is IPv4, over an AF_INET6 socket at one end and an AF_INET socket at the other"];
    assert_verdict(world, "127.0.0.1:53512", (true, true, false), &words);
}

/// inetd's child has the connection and knows nothing of the listener.
#[test]
fn a_process_with_an_accepted_connection_is_told_from_the_one_that_listens() {
    let world = host()
        .process(3, "inetd", "")
        .process(7, "cat", "")
        .listener_of(&[3], Family::Inet6, "[::]:7", false)
        .connection_of(&[7], Family::Inet6, "10.0.0.19:7", "10.0.0.20:50000");
    let words =
        ["cat (PID 7) has one connection, IPv4", "It came to inetd (PID 3), which accepts IPv4 as well as IPv6"];
    assert_verdict(world, "7", (true, true, false), &words);
}

#[test]
fn a_listener_that_is_gone_leaves_no_verdict() {
    let world = || unknown().connection(Family::Inet6, "10.0.0.19:80", "10.0.0.20:53512").opened(Opening::Passive);
    let verdict = world().verdict("31307");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (None, None, false));
    assert_eq!(notes(world(), "31307"), ["nothing-listens"]);
    world().explain("31307", |explanation| assert_eq!(explanation.remedies, []));
}

#[test]
fn notes_on_what_else_may_be_wrong() {
    let inet = || unknown().listener(Family::Inet, "0.0.0.0:80", false);
    assert_eq!(notes(inet(), ":80"), ["localhost-may-be-ipv6", "look-elsewhere"]);
    assert_eq!(notes(inet().addresses(&["127.0.0.1"]), ":80"), ["look-elsewhere"], "there is no ::1");
    let dual = || unknown().listener(Family::Inet6, "[::]:53", false);
    assert_eq!(notes(dual(), ":53"), ["look-elsewhere"]);
    assert_eq!(notes(dual().udp(53, Family::Inet6), ":53"), ["look-elsewhere", "udp-on-the-port"]);
    assert_eq!(notes(dual().udp(54, Family::Inet6), ":53"), ["look-elsewhere"]);
    assert!(notes(unknown().listener(Family::Inet6, "[::]:80", true), ":80").is_empty());
}

#[test]
fn a_link_local_address_is_told_by_its_device() {
    let world = || {
        World::default()
            .addresses(&["127.0.0.1", "::1", "fe80::1"])
            .process(PID, "server", "")
            .listener(Family::Inet6, "[fe80::1%2]:80", false)
            .on_device(2)
    };
    for target in ["[fe80::1]:80", "[fe80::1%2]:80", "[fe80::1%eth0]:80"] {
        world().explain(target, |explanation| assert_eq!(explanation.sockets.len(), 1, "{target}"));
    }
    assert_verdict(world(), ":80", (false, true, true), &["refuses IPv4 on port 80", "IPv6 only, on fe80::1"]);
}

#[test]
fn many_ports_and_addresses_are_counted() {
    let addresses: Vec<String> = (1..=60).map(|last| format!("10.0.1.{last}")).collect();
    let all: Vec<&str> = ["127.0.0.1", "::1"].into_iter().chain(addresses.iter().map(String::as_str)).collect();
    let mut world = unknown().addresses(&all);
    for address in &addresses {
        world = world.listener(Family::Inet, &format!("{address}:53"), false);
    }
    let words = ["on 10.0.1.1, 10.0.1.2, 10.0.1.3, 10.0.1.4 and 56 more, port 53"];
    assert_verdict(world, ":53", (true, false, false), &words);
    let world = (1..=60).fold(unknown(), |world, port| world.listener(Family::Inet6, &format!("[::]:{port}"), false));
    assert_verdict(
        world,
        "31307",
        (true, true, false),
        &["on ports 1, 2, 3, 4, 5 and 55 more, with one socket for both"],
    );
}

#[test]
fn a_connection_that_is_over_hides_no_listener() {
    let world = World::default()
        .addresses(&["127.0.0.1", "::1"])
        .listener(Family::Inet6, "[::]:8080", false)
        .connection_of(&[], Family::Inet6, "[::1]:8080", "[::1]:40000")
        .in_time_wait();
    world.explain("[::1]:8080", |explanation| {
        assert_eq!(explanation.verdict.accepts_ipv6, Some(true), "{}", explanation.verdict.text);
    });
}
