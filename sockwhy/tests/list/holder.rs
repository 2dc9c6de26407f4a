//! Processes that hold sockets, and do nothing else.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Child, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::thread::set_name;

use crate::enter::{self, Enter};
use crate::outcome::Outcome;

/// The first argument that makes this program a holder.
pub(crate) const ARGUMENT: &str = "holder";

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
        for socket in sockets {
            fcntl_setfd(socket, FdFlags::empty())?;
        }
        let mut command = enter.command(&env::current_exe()?);
        command.arg(ARGUMENT).arg(OsStr::from_bytes(name)).stdin(Stdio::piped()).stdout(Stdio::piped());
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

/// `holder NAME`
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> Outcome {
    let name = arguments.next().unwrap_or_default().into_vec();
    set_name(&CString::new(name).expect("arguments have no NUL"))?;
    io::Write::write_all(&mut io::stdout(), b"\n")?;
    io::Write::flush(&mut io::stdout())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
