//! Network namespaces and PID namespaces.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use rustix::mount::{UnmountFlags, mount_bind, unmount};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::enter::Enter;
use crate::harness::scenarios;
use crate::holder::Holder;
use crate::kinds::Listener;
use crate::listing::{Row, list, list_as, rows};
use crate::netlink;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::zoo::{Zoo, inode};

scenarios![
    another_network_namespace,
    every_network_namespace,
    one_that_has_a_name_and_no_process,
    one_that_is_not_there,
    from_within_a_pid_namespace,
    processes_in_a_pid_namespace,
];

/// The namespace that the tests were started in.
static OUTSIDE: OnceLock<File> = OnceLock::new();

/// Remembers where the tests were started.
pub(crate) fn remember_outside() -> std::io::Result<()> {
    let outside = File::open("/proc/thread-self/ns/net")?;
    let _only_once = OUTSIDE.set(outside);
    Ok(())
}

/// The number of the namespace that the calling thread is in.
pub(crate) fn inode_of_this() -> Outcome<u64> {
    Ok(fs::metadata("/proc/thread-self/ns/net")?.ino())
}

/// Runs something in the namespace that the tests were started in.
fn outside<T: Send>(what: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    let from_there = move || {
        let outside = OUTSIDE.get().expect("it was remembered");
        move_into_link_name_space(outside.as_fd(), Some(LinkNameSpaceType::Network))?;
        what()
    };
    thread::scope(|scope| scope.spawn(from_there).join().expect("it does not panic"))
}

fn cookies(rows: &[Row]) -> BTreeSet<Option<u64>> {
    rows.iter().map(|row| row.cookie).collect()
}

fn another_network_namespace() -> Outcome {
    let _zoo = Zoo::open()?;
    let this = inode_of_this()?;
    let (there, elsewhere) = outside(|| {
        let elsewhere = inode_of_this()?;
        Ok((rows(&["-a", "--netns", &this.to_string()])?, elsewhere))
    })?;
    assert!(there.iter().all(|row| u64::from(row.netns) == this));
    // TIME_WAIT ends by itself.
    let lasting =
        |rows: Vec<Row>| cookies(&rows.into_iter().filter(|row| row.state != "TIME_WAIT").collect::<Vec<_>>());
    assert_eq!(lasting(there), lasting(rows(&["-a"])?));
    let back = rows(&["-a", "--netns", &elsewhere.to_string()])?;
    assert!(back.iter().all(|row| u64::from(row.netns) == elsewhere));
    Ok(())
}

fn every_network_namespace() -> Outcome {
    let mut expected = BTreeSet::new();
    let mut kept = Vec::new();
    // The last is where sockwhy is started from.
    for _ in 0..4 {
        netlink::leave()?;
        let listener = Listener::Inet.open(None)?;
        expected.insert((u32::try_from(inode_of_this()?)?, Some(inode(&listener)?)));
        // It stays in this namespace when the test moves on.
        let holder = Holder::start(b"holder", &[&listener])?;
        kept.push((listener, holder));
    }
    let of_all = rows(&["-l", "--netns", "all"])?;
    let seen: BTreeSet<_> = of_all.iter().map(|row| (row.netns, row.inode)).collect();
    assert!(seen.is_superset(&expected), "{expected:?} in {of_all:?}");
    let order: Vec<_> = of_all.iter().map(|row| row.netns).collect();
    assert!(order.is_sorted(), "{order:?}");

    let table = list(&["-l", "--netns", "all"])?.stdout;
    assert!(table.starts_with("NETNS "), "{table}");
    for (netns, _) in expected {
        assert!(table.lines().any(|line| line.starts_with(&format!("{netns} "))), "no {netns} in {table}");
    }
    Ok(())
}

/// As `ip netns add` makes it.
struct Named(PathBuf);

impl Named {
    fn of_this() -> Outcome<Self> {
        let folder = Path::new("/run/netns");
        fs::create_dir_all(folder)?;
        let file = folder.join(format!("sockwhy-{}", std::process::id()));
        File::create_new(&file)?;
        let named = Self(file);
        mount_bind("/proc/thread-self/ns/net", &named.0)?;
        Ok(named)
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _not_mounted = unmount(&self.0, UnmountFlags::DETACH);
        let _gone = fs::remove_file(&self.0);
    }
}

fn one_that_has_a_name_and_no_process() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let named = Named::of_this()?;
    let netns = inode_of_this()?;
    netlink::leave()?;
    for choice in ["all", &netns.to_string()] {
        let rows = rows(&["-l", "--netns", choice])?;
        let inode = Some(inode(&listener)?);
        let row = rows.iter().find(|row| row.inode == inode && u64::from(row.netns) == netns);
        assert!(row.is_some(), "--netns {choice} shows {rows:?}");
    }
    drop(named);
    Ok(())
}

fn one_that_is_not_there() -> Outcome {
    list(&["--netns", "4294967295"])?.assert_refused(1, &["no network namespace has the inode 4294967295", "lsns"]);
    Ok(())
}

/// It cannot see every process, so it cannot say that a socket has no owner.
fn from_within_a_pid_namespace() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let inside = Enter { pids: true, ..Enter::default() };
    let rows = list_as(&inside, &program(), &["-a", "-o", "json"])?.rows()?;
    let [row] = &rows[..] else { return Err(Stop::failed(format!("not one socket: {rows:?}"))) };
    assert_eq!((row.inode, row.owners.as_ref()), (Some(inode(&listener)?), None));
    let text = list_as(&inside, &program(), &["-a"])?.stdout;
    assert!(text.lines().nth(1).is_some_and(|line| line.contains(" ? ")), "{text}");
    Ok(())
}

fn processes_in_a_pid_namespace() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let container = Enter { pids: true, ..Enter::default() };
    let holder = Holder::start_in(&container, b"contained", &[&listener])?;
    let rows = rows(&["-l", "--comm", "contained"])?;
    let [row] = &rows[..] else { return Err(Stop::failed(format!("not one socket: {rows:?}"))) };
    let owner = row.owners.iter().flatten().find(|owner| owner.process == "contained");
    assert_eq!(owner.and_then(|owner| owner.pid), Some(holder.pid));
    Ok(())
}
