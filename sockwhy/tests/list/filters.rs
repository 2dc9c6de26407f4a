//! Each filter shows exactly the sockets of the whole listing for which it holds.

use std::net::IpAddr;

use crate::harness::scenarios;
use crate::holder::Holder;
use crate::host;
use crate::kinds::{Client, Listener};
use crate::listing::{Row, all, list, rows};
use crate::outcome::Outcome;
use crate::samples::{Samples, connect};

scenarios![show_what_they_say, combine, that_cannot_hold_are_refused, of_processes_that_are_not_there];

fn is_of(row: &Row, net: &str) -> bool {
    let v4 = |address: Option<IpAddr>| matches!(address, Some(IpAddr::V4(_)));
    match net {
        "127.0.0.0/8" | "0.0.0.0/0" => v4(row.peer_addr),
        "::/0" | "::1" => matches!(row.peer_addr, Some(IpAddr::V6(_))),
        _ => false,
    }
}

fn show_what_they_say() -> Outcome {
    let _samples = Samples::open()?;
    let whole = all()?;
    let assert_shows = |arguments: &[&str], holds: &dyn Fn(&Row) -> bool| -> Outcome {
        let mut expected: Vec<_> = whole.iter().filter(|row| holds(row)).map(|row| row.cookie).collect();
        let mut shown: Vec<_> = rows(&[&["-a"], arguments].concat())?.iter().map(|row| row.cookie).collect();
        expected.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, expected, "{arguments:?}");
        Ok(())
    };
    for label in ["ipv4", "ipv6", "ipv4-over-af_inet6", "dual-stack", "ipv6-only"] {
        assert_shows(&["--label", label], &|row| row.label.to_lowercase() == label)?;
    }
    assert_shows(&["--family", "inet"], &|row| row.proto == "tcp")?;
    assert_shows(&["--family", "inet6"], &|row| row.proto == "tcp6")?;
    // A dual-stack listener carries both.
    assert_shows(&["-4"], &|row| row.ip_version != Some(6))?;
    assert_shows(&["-6"], &|row| row.ip_version != Some(4))?;
    assert_shows(&["--uid", "0"], &|row| row.uid == Some(0))?;
    assert_shows(&["--uid", "65534"], &|_| false)?;
    let this = std::process::id();
    let owned = |row: &Row| row.owners.iter().flatten().any(|owner| owner.pid == Some(this));
    assert_shows(&["-p", &this.to_string()], &owned)?;
    let name = std::fs::read_to_string("/proc/self/comm")?;
    assert_shows(&["--comm", name.trim_end()], &owned)?;
    assert_shows(&["--comm", "nobody's"], &|_| false)?;
    for net in ["127.0.0.0/8", "0.0.0.0/0", "::/0", "::1", "10.0.0.0/8"] {
        assert_shows(&["--net", net], &|row| is_of(row, net))?;
    }
    for port in whole.iter().map(|row| row.local_port).step_by(37) {
        assert_shows(&["--port", &port.to_string()], &|row| row.local_port == port || row.peer_port == Some(port))?;
    }
    Ok(())
}

fn combine() -> Outcome {
    host::require_ipv6()?;
    let listener = Listener::DualStack.open(None)?;
    let (four, _accepted_four) = connect(&listener, Client::Inet)?;
    let (six, _accepted_six) = connect(&listener, Client::Inet6)?;
    let first = Holder::start(b"first", &[&four])?;
    let second = Holder::start(b"second", &[&six])?;
    let pids = [first.pid, second.pid].map(|pid| pid.to_string());
    // The values of one are alternatives, those of different kinds must all hold.
    assert_eq!(rows(&["-p", &pids[0], "-p", &pids[1]])?.len(), 2);
    assert_eq!(rows(&["-p", &pids[0], "-p", &pids[1], "-6"])?.len(), 1);
    assert_eq!(rows(&["-p", &pids[0], "-6"])?.len(), 0);
    // The same process must have both the number and the name.
    assert_eq!(rows(&["-p", &pids[0], "--comm", "second"])?.len(), 0);
    assert_eq!(rows(&["-p", &pids[0], "--comm", "first"])?.len(), 1);
    // A label that only listeners have asks for listeners.
    assert_eq!(rows(&["--label", "dual-stack"])?.len(), 1);
    assert_eq!(rows(&["--label", "dual-stack", "-4"])?.len(), 1);
    assert_eq!(rows(&["-l", "--label", "ipv6-only"])?.len(), 0);
    Ok(())
}

fn that_cannot_hold_are_refused() -> Outcome {
    for (arguments, words) in [
        (&["--label", "dual-stack", "--family", "inet"][..], &["--label dual-stack", "--family inet"][..]),
        (&["-6", "--label", "ipv4-over-af_inet6"], &["-6", "--label ipv4-over-af_inet6"]),
        (&["--net", "10.0.0.0/8", "--label", "ipv6-only"], &["--net 10.0.0.0/8", "--label ipv6-only"]),
        (&["-4", "-6"], &["'-4'", "'-6'"]),
        (&["--netns", "0"], &["--netns", "from 1 to"]),
        (&["--netns", "every"], &["--netns", "all"]),
    ] {
        list(arguments)?.assert_refused(2, words);
    }
    Ok(())
}

fn of_processes_that_are_not_there() -> Outcome {
    list(&["-p", "2147483647"])?.assert_refused(1, &["no process has the PID 2147483647"]);
    Ok(())
}
