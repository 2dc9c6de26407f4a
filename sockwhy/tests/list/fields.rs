//! Every field of every socket, compared with what other programs say.

use std::collections::BTreeMap;

use crate::harness::scenarios;
use crate::host;
use crate::kinds::{Client, Listener};
use crate::listing::{Row, all, rows};
use crate::outcome::{Outcome, Stop};
use crate::samples::{Samples, connect_with, inode};
use crate::witness::{self, Line};
use socket2::Protocol;

scenarios![
    as_proc_net_shows_them,
    as_ss_shows_them,
    as_their_process_knows_them,
    listeners_of_every_kind,
    mptcp,
    states
];

/// Repeats until nothing has changed during the listing: timers change the states of TCP.
fn at_rest<T: PartialEq>(witness: impl Fn() -> Outcome<T>) -> Outcome<(T, Vec<Row>)> {
    const ATTEMPTS: usize = 20;
    for _ in 0..ATTEMPTS {
        let before = witness()?;
        let rows = all()?;
        if witness()? == before {
            return Ok((before, rows));
        }
    }
    Err(Stop::failed("the sockets change all the time"))
}

fn as_proc_net_shows_them() -> Outcome {
    let samples = Samples::open()?;
    let (lines, rows) = at_rest(witness::proc_net)?;
    let mut seen: Vec<_> = rows.iter().map(|row| line(row, &lines)).collect::<Outcome<_>>()?;
    seen.sort();
    assert!(lines.len() > if host::has_ipv6() { 200 } else { 20 }, "{} sockets", lines.len());
    assert_eq!(seen, lines);
    drop(samples);
    Ok(())
}

/// What `/proc/net` would say of it.
fn line(row: &Row, lines: &[Line]) -> Outcome<Line> {
    let peer = row.peer_addr.zip(row.peer_port);
    let any = if row.proto == "tcp" { "0.0.0.0" } else { "::" };
    let line = Line {
        proto: if row.proto == "tcp" { "tcp" } else { "tcp6" },
        state: lines.iter().map(|line| line.state).find(|state| *state == row.state).unwrap_or("unknown"),
        local: (row.local_addr, row.local_port),
        peer: peer.unwrap_or((any.parse()?, 0)),
        mapped: row.label == "IPv4-over-AF_INET6",
        // There, 0 means unknown.
        uid: row.uid.unwrap_or(0),
        inode: row.inode.unwrap_or(0),
    };
    assert_eq!(
        row.uid.is_none(),
        row.state == "TIME_WAIT" || (row.state == "FIN_WAIT2" && row.inode.is_none()),
        "{row:?}"
    );
    assert_eq!(row.family, if row.proto == "tcp" { "AF_INET" } else { "AF_INET6" });
    assert_eq!(row.peer_addr.is_none(), row.state == "LISTEN");
    assert_eq!(row.peer_port.is_none(), row.state == "LISTEN");
    assert_eq!(row.accepts.is_some(), row.state == "LISTEN");
    assert_eq!(row.v6only.is_none(), row.proto == "tcp", "{row:?}");
    let version = if row.peer_addr.unwrap_or(row.local_addr).is_ipv4() { 4 } else { 6 };
    assert_eq!(row.ip_version, if row.label == "dual-stack" { None } else { Some(version) });
    Ok(line)
}

fn as_ss_shows_them() -> Outcome {
    let _samples = Samples::open()?;
    let (sockets, rows) = at_rest(witness::ss)?;
    assert_eq!(sockets.len(), rows.len());
    let by_cookie: BTreeMap<_, _> = rows.iter().map(|row| (row.cookie, row)).collect();
    assert_eq!(by_cookie.len(), rows.len(), "a cookie is that of one socket");
    for socket in sockets {
        let row = by_cookie.get(&Some(socket.cookie)).ok_or_else(|| Stop::failed(format!("no {socket:?}")))?;
        assert_eq!((row.local_port, row.peer_port), (socket.local_port, socket.peer_port));
        if row.state == "LISTEN" {
            assert_eq!(row.v6only, socket.v6only, "{row:?}");
        }
        let mut owners = socket.owners;
        owners.sort_unstable();
        let seen: Vec<_> = row.owners.iter().flatten().filter_map(|owner| Some((owner.pid?, owner.fd))).collect();
        assert_eq!(seen, owners, "{row:?}");
    }
    Ok(())
}

fn as_their_process_knows_them() -> Outcome {
    let samples = Samples::open()?;
    let known = samples.known()?;
    let rows = all()?;
    let netns = u32::try_from(crate::namespaces::inode_of_this()?)?;
    let this = std::process::id();
    for row in &rows {
        assert_eq!(row.netns, netns);
        let Some(known) = row.inode.and_then(|inode| known.get(&inode)) else {
            // Not accepted yet, or closed.
            assert_eq!(row.owners.as_deref(), Some(&[][..]), "{row:?}");
            continue;
        };
        assert_eq!((row.cookie, row.v6only), (Some(known.cookie), known.v6only), "{row:?}");
        let owners: Vec<_> = row.owners.iter().flatten().map(|owner| (owner.pid, owner.fd)).collect();
        assert_eq!(owners, [(Some(this), known.fd)], "{row:?}");
        for word in &known.why {
            assert!(row.why.contains(word), "no {word:?} in {:?}", row.why);
        }
    }
    let shown = rows.iter().filter(|row| row.inode.is_some_and(|inode| known.contains_key(&inode))).count();
    assert_eq!(shown, known.len());
    Ok(())
}

fn listeners_of_every_kind() -> Outcome {
    for &kind in Listener::all() {
        let listener = kind.open(None)?;
        let rows = rows(&["-l"])?;
        let [row] = &rows[..] else { return Err(Stop::failed(format!("not one listener: {rows:?}"))) };
        assert_eq!(row.inode, Some(inode(&listener)?));
        assert_eq!(row.label, kind.label());
        let accepts: &[&str] = match kind {
            Listener::Inet | Listener::Mapped => &["IPv4"],
            Listener::DualStack => &["IPv4", "IPv6"],
            Listener::V6Only | Listener::Loopback6 => &["IPv6"],
        };
        assert_eq!(row.accepts.as_deref().unwrap_or_default(), accepts);
        // Binding to one IPv6 address sets the option (`__inet6_bind`).
        let v6only = matches!(kind, Listener::V6Only | Listener::Loopback6);
        assert_eq!(row.v6only, (kind != Listener::Inet).then_some(v6only));
    }
    Ok(())
}

/// The process has the MPTCP socket. Its subflows are listed.
fn mptcp() -> Outcome {
    let mptcp = Some(Protocol::MPTCP);
    host::require_ipv6()?;
    host::require_mptcp()?;
    let listener = Listener::DualStack.open(mptcp)?;
    let (client, accepted) = connect_with(&listener, Client::Inet, mptcp)?;
    let rows = all()?;
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (socket, label) in [(&listener, "dual-stack"), (&client, "IPv4"), (&accepted, "IPv4-over-AF_INET6")] {
        let inode = inode(socket)?;
        let row = rows.iter().find(|row| row.inode == Some(inode));
        let row = row.ok_or_else(|| Stop::failed(format!("no socket {inode}: {rows:?}")))?;
        assert_eq!(row.label, label);
        assert_eq!(row.owners.iter().flatten().count(), 1, "{row:?}");
        assert!(row.why.ends_with("; the socket is MPTCP"), "{row:?}");
    }
    Ok(())
}

fn states() -> Outcome {
    let mut samples = Samples::default();
    samples.add_states()?;
    let rows = all()?;
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    let expected = [
        "LISTEN",
        "SYN_SENT",
        "SYN_RECV",
        "ESTABLISHED",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE_WAIT",
        "LAST_ACK",
    ];
    for state in expected {
        assert!(count(state) >= 1, "{} in {state}", count(state));
    }
    // Listeners first, then by port.
    let order: Vec<_> = rows.iter().map(|row| (row.state != "LISTEN", row.local_port)).collect();
    assert!(order.is_sorted(), "{order:?}");
    let by_default = crate::listing::rows(&[])?;
    assert!(by_default.iter().all(|row| row.state != "LISTEN" && row.state != "TIME_WAIT"));
    assert_eq!(by_default.len(), rows.len() - count("LISTEN") - count("TIME_WAIT"));
    assert_eq!(crate::listing::rows(&["-l"])?.len(), count("LISTEN"));
    Ok(())
}
