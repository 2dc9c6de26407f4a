//! Processes that hold sockets, and do nothing else.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Child, Stdio};
use std::{env, fs, thread};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::thread::set_name;

use crate::enter::{self, Enter};
use crate::outcome::Outcome;

/// The first argument that makes this program a holder.
pub(crate) const ARGUMENT: &str = "holder";

/// The argument that makes its main thread end.
const END_MAIN_THREAD: &str = "end-main-thread";

/// A process with sockets of the test, under the same descriptors. It is killed when this is dropped.
pub(crate) struct Holder {
    child: Child,
    /// Its PID, as the test's namespace numbers it.
    pub(crate) pid: u32,
}

impl Holder {
    /// Starts one of this name.
    pub(crate) fn start(name: &[u8], sockets: &[&dyn AsFd]) -> Outcome<Self> {
        Self::start_in(&Enter::default(), name, sockets)
    }

    /// Starts one somewhere else, or as somebody else.
    pub(crate) fn start_in(enter: &Enter, name: &[u8], sockets: &[&dyn AsFd]) -> Outcome<Self> {
        Self::start_with(enter, name, None, sockets)
    }

    /// Starts one whose main thread has ended.
    pub(crate) fn start_without_main_thread(name: &[u8], sockets: &[&dyn AsFd]) -> Outcome<Self> {
        Self::start_with(&Enter::default(), name, Some(END_MAIN_THREAD), sockets)
    }

    fn start_with(enter: &Enter, name: &[u8], how: Option<&str>, sockets: &[&dyn AsFd]) -> Outcome<Self> {
        for socket in sockets {
            fcntl_setfd(socket, FdFlags::empty())?;
        }
        let mut command = enter.command(&env::current_exe()?);
        command.arg(ARGUMENT).arg(OsStr::from_bytes(name)).args(how).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        for socket in sockets {
            fcntl_setfd(socket, FdFlags::CLOEXEC)?;
        }
        let mut child = child?;
        // It has its name now.
        child.stdout.take().expect("stdout is piped").read_exact(&mut [0])?;
        let pid = enter::inner_pid(child.id());
        Ok(Self { child, pid })
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        enter::kill(&mut self.child);
    }
}

/// `holder NAME [end-main-thread]`
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> Outcome {
    let name = arguments.next().unwrap_or_default().into_vec();
    set_name(&CString::new(name).expect("arguments have no NUL"))?;
    if arguments.next().is_none_or(|how| how != END_MAIN_THREAD) {
        return hold();
    }
    thread::spawn(|| {
        let main_thread = format!("/proc/self/task/{}/stat", std::process::id());
        while !fs::read_to_string(&main_thread).is_ok_and(|stat| stat.contains(") Z ")) {
            thread::yield_now();
        }
        std::process::exit(i32::from(hold().is_err()));
    });
    // SAFETY: nothing of this thread's stack is used by the other one.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("the thread has ended")
}

/// Says that it is ready, and waits for the end of its input.
fn hold() -> Outcome {
    io::Write::write_all(&mut io::stdout(), b"\n")?;
    io::Write::flush(&mut io::stdout())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
