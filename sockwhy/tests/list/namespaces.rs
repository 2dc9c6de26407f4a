//! Network namespaces and PID namespaces.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, mpsc};
use std::{env, thread};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};
use socket2::Socket;

use crate::enter::Enter;
use crate::harness::scenarios;
use crate::holder::Holder;
use crate::kinds::Listener;
use crate::listing::{Row, list, list_as, rows};
use crate::netlink;
use crate::outcome::{Outcome, Stop};
use crate::program::program;
use crate::said::Said;
use crate::samples::{Samples, inode};

scenarios![
    another_network_namespace,
    every_network_namespace,
    one_that_has_a_name_and_no_process,
    files_that_lead_to_none,
    one_that_only_a_thread_is_in,
    one_that_only_a_socket_leads_to,
    one_that_is_mounted_elsewhere,
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
    let _samples = Samples::open()?;
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

/// What `ip netns add` leaves behind, and anything else that somebody may have put there.
fn files_that_lead_to_none() -> Outcome {
    let holder_is_in = inode_of_this()?;
    let listener = Listener::Inet.open(None)?;
    let _holder = Holder::start(b"holder", &[&listener])?;
    netlink::leave()?;
    let folder = Folder::make(Path::new("/run/netns").join(format!("sockwhy-{}-folder", std::process::id())))?;
    let beside = |kind: &str| folder.0.with_extension(kind);
    let _files = ["plain", "pipe", "link", "uts"].map(|kind| Named(beside(kind)));
    File::create_new(beside("plain"))?;
    mknodat(CWD, beside("pipe"), FileType::Fifo, Mode::RUSR, 0)?;
    symlink("/etc/passwd", beside("link"))?;
    File::create_new(beside("uts"))?;
    mount_bind("/proc/self/ns/uts", beside("uts"))?;
    let said = list(&["-l", "--netns", "all", "-o", "json"])?;
    assert!(said.rows()?.iter().any(|row| u64::from(row.netns) == holder_is_in), "{said:?}");
    let said = list(&["-l", "--netns", "all", "-v"])?;
    for file in ["plain", "pipe", "link", "uts"].map(beside).iter().chain([&folder.0]) {
        let note = format!("{} leads to no network namespace", file.display());
        assert!(said.stderr.contains(&note), "no {note:?} in {}", said.stderr);
    }
    Ok(())
}

/// A folder. It is removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(path: PathBuf) -> Outcome<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir(&self.0);
    }
}

/// Asserts that each way to ask for a network namespace shows this listener.
fn assert_shown(netns: u64, listener: &Socket) -> Outcome {
    for choice in ["all", &netns.to_string()] {
        let rows = rows(&["-l", "--netns", choice])?;
        let shown: Vec<_> = rows.iter().filter(|row| u64::from(row.netns) == netns).map(|row| row.inode).collect();
        assert_eq!(shown, [Some(inode(listener)?)], "--netns {choice}");
    }
    Ok(())
}

/// Go programs move a thread to another network namespace, and let no other work run on it.
fn one_that_only_a_thread_is_in() -> Outcome {
    let (opened, of_the_thread) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = thread::spawn(move || -> Outcome {
        netlink::leave()?;
        // If nobody receives it, the test has ended.
        let _unheard = opened.send((inode_of_this()?, Listener::Inet.open(None)?));
        let _disconnected = ended.recv();
        Ok(())
    });
    let (netns, listener) = of_the_thread.recv()?;
    assert_shown(netns, &listener)?;
    drop(end);
    thread.join().expect("it does not panic")
}

/// Opens a listener in a new network namespace that no thread stays in.
fn open_elsewhere() -> Outcome<(u64, Socket)> {
    let visit = || {
        netlink::leave()?;
        Ok((inode_of_this()?, Listener::Inet.open(None)?))
    };
    thread::scope(|scope| scope.spawn(visit).join().expect("it does not panic"))
}

/// Slirp4netns and CNI plugins keep such sockets.
fn one_that_only_a_socket_leads_to() -> Outcome {
    let (netns, listener) = open_elsewhere()?;
    assert_shown(netns, &listener)?;
    let port = crate::open::port(&listener)?;
    let said = Said::by_sockwhy(&Enter::default(), &program(), &["explain", &format!(":{port}")])?;
    for words in [format!("in the network namespace {netns} does"), format!("sockwhy explain --netns {netns} :{port}")]
    {
        assert!(said.stderr.contains(&words), "no {words:?} in {}", said.stderr);
    }
    Ok(())
}

/// A container engine mounts its namespaces where nobody else sees them.
fn one_that_is_mounted_elsewhere() -> Outcome {
    let folder = Folder::make(env::temp_dir().join(format!("sockwhy mounts-{}", std::process::id())))?;
    let (mounted, of_the_thread) = mpsc::channel();
    let (hide, hidden) = mpsc::channel::<mpsc::Sender<()>>();
    let at = folder.0.clone();
    let thread = thread::spawn(move || -> Outcome {
        netlink::leave()?;
        // SAFETY: only a separate table of descriptors would be dangerous.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        mount("none", &at, "tmpfs", MountFlags::empty(), None)?;
        File::create_new(at.join("net"))?;
        mount_bind("/proc/thread-self/ns/net", at.join("net"))?;
        let netns = inode_of_this()?;
        netlink::leave()?;
        // If nobody receives it, the test has ended.
        let _unheard = mounted.send(netns);
        let done = hidden.recv()?;
        mount("none", &at, "tmpfs", MountFlags::empty(), None)?;
        let _unheard = done.send(());
        let _disconnected = hidden.recv();
        Ok(())
    });
    let netns = of_the_thread.recv()?;
    let note = format!("the network namespace {netns}, mounted on {}/net of ", folder.0.display());
    let said = list(&["-l", "--netns", &netns.to_string(), "-v"])?;
    assert_eq!((said.code, said.stderr.contains(&note)), (Some(0), false), "{said:?}");
    let (done, is_hidden) = mpsc::channel();
    hide.send(done)?;
    is_hidden.recv()?;
    let said = list(&["-l", "--netns", &netns.to_string(), "-v"])?;
    assert_eq!((said.code, said.stderr.contains(&note)), (Some(1), true), "{said:?}");
    drop(hide);
    thread.join().expect("it does not panic")
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
