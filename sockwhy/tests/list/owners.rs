//! Who has a socket: several processes, a thread with its own table of descriptors, or nobody.

use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::{process, thread};

use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::enter::Enter;
use crate::harness::scenarios;
use crate::holder::Holder;
use crate::kinds::{Client, Listener};
use crate::listing::{Owner, all, list, list_as};
use crate::netlink;
use crate::outcome::{Outcome, Stop};
use crate::privileges::WITHOUT_BPF;
use crate::program::program;
use crate::said::Said;
use crate::samples::{connect, inode};

scenarios![shared_by_many_processes, descriptors_of_a_thread, main_thread_ended, closed_by_everybody];

fn shared_by_many_processes() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let holders = (0..30).map(|_| Holder::start(b"holder", &[&listener])).collect::<Outcome<Vec<_>>>()?;
    let fd = listener.as_raw_fd().unsigned_abs();
    let of = |pid, process: &str| Owner { pid: Some(pid), process: process.to_owned(), fd };
    let this = std::fs::read_to_string("/proc/self/comm")?;
    let mut expected: Vec<_> = holders.iter().map(|holder| of(holder.pid, "holder")).collect();
    expected.push(of(process::id(), this.trim_end()));
    expected.sort();
    let rows = all()?;
    let [row] = &rows[..] else { return Err(Stop::failed(format!("not one socket: {rows:?}"))) };
    assert_eq!(row.owners.as_deref(), Some(&expected[..]));
    let text = list(&["-l"])?.stdout;
    let first = &expected[0];
    let cell = format!(" {}/{} +30 ", first.pid.unwrap_or(0), first.process);
    assert!(text.contains(&cell), "no {cell:?} in {text}");
    Ok(())
}

/// Its process is listed once for each descriptor. The descriptors of the other threads are neither lost nor listed
/// twice.
fn descriptors_of_a_thread() -> Outcome {
    let shared = Listener::Inet.open(None)?;
    let (opened, of_the_thread) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = thread::spawn(move || -> Outcome {
        // SAFETY: from now on this thread uses no descriptor that another thread opens or closes.
        unsafe { unshare_unsafe(UnshareFlags::FILES) }?;
        let own = Listener::Inet.open(None)?;
        // If nobody receives it, the test has ended.
        let _unheard = opened.send((inode(&own)?, own.as_raw_fd()));
        let _disconnected = ended.recv();
        Ok(())
    });
    let found = of_the_thread.recv()?;
    let rows = all()?;
    drop(end);
    thread.join().expect("it does not panic")?;
    for (inode, fd) in [(inode(&shared)?, shared.as_raw_fd()), found] {
        let row = rows.iter().find(|row| row.inode == Some(inode));
        let row = row.ok_or_else(|| Stop::failed(format!("no socket {inode}: {rows:?}")))?;
        let owners: Vec<_> = row.owners.iter().flatten().map(|owner| (owner.pid, owner.fd)).collect();
        assert_eq!(owners, [(Some(process::id()), fd.unsigned_abs())]);
    }
    Ok(())
}

/// The process goes on with its other threads.
fn main_thread_ended() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let holder = Holder::start_without_main_thread(b"headless", &[&listener])?;
    let number = inode(&listener)?;
    let fd = listener.as_raw_fd().unsigned_abs();
    drop(listener);
    let expected = [Owner { pid: Some(holder.pid), process: "headless".to_owned(), fd }];
    for enter in [Enter::default(), Enter { capabilities: Some(WITHOUT_BPF.bits()), ..Enter::default() }] {
        let rows = list_as(&enter, &program(), &["-a", "-o", "json"])?.rows()?;
        let row = rows.iter().find(|row| row.inode == Some(number)).expect("it is open");
        assert_eq!(row.owners.as_deref(), Some(&expected[..]), "{enter:?}");
        let said = Said::by_sockwhy(&enter, &program(), &["explain", &holder.pid.to_string()])?;
        assert_eq!((said.code, said.stdout.contains("headless")), (Some(0), true), "{said:?}");
    }
    // Its other threads tell where it is.
    netlink::leave()?;
    let said = Said::by_sockwhy(&Enter::default(), &program(), &["explain", &holder.pid.to_string()])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    Ok(())
}

fn closed_by_everybody() -> Outcome {
    let listener = Listener::Inet.open(None)?;
    let (client, accepted) = connect(&listener, Client::Inet)?;
    let holder = Holder::start(b"holder", &[&client])?;
    drop(client);
    let ours = |state: &str| -> Outcome<_> {
        let rows = all()?;
        let row = rows.into_iter().find(|row| row.state == state && row.local_port != listener_port(&listener));
        row.ok_or_else(|| Stop::failed(format!("nothing in {state}")))
    };
    let owners = ours("ESTABLISHED")?.owners.unwrap_or_default();
    assert_eq!(owners.iter().map(|owner| owner.pid).collect::<Vec<_>>(), [Some(holder.pid)]);
    drop(holder);
    let orphan = ours("FIN_WAIT2")?;
    assert_eq!((orphan.owners.as_deref(), orphan.inode), (Some(&[][..]), None));
    drop(accepted);
    Ok(())
}

fn listener_port(listener: &socket2::Socket) -> u16 {
    crate::open::port(listener).expect("it is bound")
}
