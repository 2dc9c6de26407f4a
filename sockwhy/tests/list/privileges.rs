//! Without privileges, the listing shows what this user may see.

use std::net::Ipv4Addr;

use rustix::thread::CapabilitySet;

use crate::enter::Enter;
use crate::harness::scenarios;
use crate::holder::Holder;
use crate::kinds::{Client, Listener};
use crate::late_listener::LateListener;
use crate::listing::{Row, all, list_as};
use crate::open::port;
use crate::outcome::Outcome;
use crate::program::{Copy, NOBODY, program};
use crate::said::Said;
use crate::samples::{Samples, connect, inode};

scenarios![
    ordinary_user,
    own_processes_of_an_ordinary_user,
    root_without_bpf,
    who_has_connected_is_a_guess_without_bpf,
    other_namespaces_need_root,
];

/// What a user has who may read every process, but may not load BPF programs.
pub(crate) const WITHOUT_BPF: CapabilitySet =
    CapabilitySet::SYS_PTRACE.union(CapabilitySet::DAC_READ_SEARCH).union(CapabilitySet::DAC_OVERRIDE);

fn nobody() -> Enter {
    Enter { user: Some(NOBODY), ..Enter::default() }
}

/// A row without what `sock_diag` does not say.
fn without_v6only(row: &Row) -> Row {
    let v6only = if row.state == "LISTEN" { row.v6only } else { None };
    // Nor the user of a connection that is not accepted yet, or that every process has closed.
    let uid = if row.inode.is_none() { None } else { row.uid };
    Row { v6only, uid, ..row.clone() }
}

/// Whether a socket stays in its state: timers change the others.
fn lasts(row: &Row) -> bool {
    !matches!(row.state.as_str(), "TIME_WAIT" | "SYN_RECV" | "SYN_SENT")
}

fn sorted(rows: Vec<Row>) -> Vec<Row> {
    let mut rows: Vec<_> = rows.into_iter().filter(lasts).collect();
    rows.sort_by_key(|row| row.cookie);
    rows
}

/// Compares everything except the owners, and the reasons: those name owners, and `sock_diag` does not tell of
/// `bind()`.
fn ordinary_user() -> Outcome {
    let _samples = Samples::open()?;
    let copy = Copy::of(&program())?;
    let seen = list_as(&nobody(), copy.program(), &["-a", "-o", "json"])?.rows()?;
    assert!(seen.iter().any(|row| row.state == "TIME_WAIT"));
    let expected: Vec<_> = sorted(all()?)
        .iter()
        .map(|row| Row { owners: row.inode.map_or(Some(Vec::new()), |_| None), ..without_v6only(row) })
        .collect();
    let seen = sorted(seen);
    assert_eq!(seen.len(), expected.len());
    for (seen, expected) in seen.into_iter().zip(expected) {
        let why = expected.why.clone();
        assert_eq!(Row { why, ..seen }, expected);
    }
    let said = list_as(&nobody(), copy.program(), &["-a", "-v"])?;
    assert_eq!(said.code, Some(0));
    for word in ["CAP_BPF", "sock_diag", "IPV6_V6ONLY", "root"] {
        assert!(said.stderr.contains(word), "no {word} in {}", said.stderr);
    }
    Ok(())
}

fn own_processes_of_an_ordinary_user() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let (client, _accepted) = connect(&listener, Client::Inet)?;
    let holder = Holder::start_in(&nobody(), b"mine", &[&client])?;
    let copy = Copy::of(&program())?;
    let rows = list_as(&nobody(), copy.program(), &["-a", "-o", "json"])?.rows()?;
    let number = Some(inode(&client)?);
    let row = rows.iter().find(|row| row.inode == number).expect("it is open");
    let owners: Vec<_> = row.owners.iter().flatten().map(|owner| (owner.pid, owner.process.as_str())).collect();
    assert_eq!(owners, [(Some(holder.pid), "mine")]);
    let filtered = list_as(&nobody(), copy.program(), &["-p", &holder.pid.to_string(), "-o", "json"])?.rows()?;
    assert_eq!(filtered.iter().map(|row| row.inode).collect::<Vec<_>>(), [number]);
    Ok(())
}

/// A user who may read every process sees every owner, also without BPF.
fn root_without_bpf() -> Outcome {
    let _samples = Samples::open()?;
    let enter = Enter { capabilities: Some(WITHOUT_BPF.bits()), ..Enter::default() };
    let seen = list_as(&enter, &program(), &["-a", "-o", "json"])?.rows()?;
    let expected = sorted(all()?);
    for (seen, expected) in sorted(seen).iter().zip(&expected) {
        if !seen.owners.as_ref().is_some_and(Vec::is_empty) {
            assert_eq!(seen.owners, expected.owners, "{seen:?}");
        }
        assert_eq!((seen.cookie, &seen.state, &seen.label), (expected.cookie, &expected.state, &expected.label));
    }
    Ok(())
}

/// A listener takes the port that a client has connected from: without BPF, ports alone tell what came from a listener.
fn who_has_connected_is_a_guess_without_bpf() -> Outcome {
    let LateListener { listener, client, accepted: _accepted, late: _late } = LateListener::open(Ipv4Addr::LOCALHOST)?;
    drop(listener);
    let number = Some(inode(&client)?);
    let why = |rows: Vec<Row>| rows.into_iter().find(|row| row.inode == number).expect("it is open").why;
    let known = why(all()?);
    assert!(known.starts_with("connect() on "), "{known}");
    let enter = Enter { capabilities: Some(WITHOUT_BPF.bits()), ..Enter::default() };
    let guessed = why(list_as(&enter, &program(), &["-a", "-o", "json"])?.rows()?);
    assert!(guessed.starts_with("probably "), "{guessed}");
    let said = Said::by_sockwhy(&enter, &program(), &["explain", &format!("127.0.0.1:{}", port(&client)?)])?;
    assert!(said.stdout.contains("probably came from the listener"), "{said:?}");
    Ok(())
}

fn other_namespaces_need_root() -> Outcome {
    let copy = Copy::of(&program())?;
    let netns = crate::namespaces::inode_of_this()?.to_string();
    let _holder = Holder::start(b"other", &[])?;
    crate::netlink::leave()?;
    let said = list_as(&nobody(), copy.program(), &["--netns", &netns])?;
    said.assert_refused(3, &["CAP_SYS_PTRACE", "sudo sockwhy list --netns"]);
    // With `all`, namespaces that may not be entered are left out.
    assert_eq!(list_as(&nobody(), copy.program(), &["-a", "--netns", "all", "-o", "json"])?.rows()?, []);
    Ok(())
}
