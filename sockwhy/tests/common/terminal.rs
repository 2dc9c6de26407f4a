//! Terminals (`pty(7)`), to see what people see.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::outcome::{Outcome, Stop};
use super::said::Said;

/// A terminal of this width: the test's end, and the end for a program.
pub(crate) fn open(columns: u16) -> Outcome<(File, OwnedFd)> {
    let both = || -> io::Result<(File, OwnedFd)> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        tcsetwinsize(&ours, Winsize { ws_row: 25, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?;
        let theirs = ioctl_tiocgptpeer(&ours, flags)?;
        Ok((ours.into(), theirs))
    };
    both().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Stop::skipped("no devpts is mounted, so there are no terminals"),
        _ => error.into(),
    })
}

/// Reads a terminal or a pipe until the last program at its other end has closed it.
pub(crate) fn read(mut from: impl Read) -> Outcome<String> {
    let mut text = Vec::new();
    match from.read_to_end(&mut text) {
        Ok(_) => {}
        // A terminal's end.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::IO) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(String::from_utf8(text)?)
}

/// Runs a command on a terminal without colours to its end.
pub(crate) fn run(command: &mut Command, columns: u16) -> Outcome<Said> {
    let (ours, theirs) = open(columns)?;
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(theirs).stderr(Stdio::piped());
    let child = command.spawn()?;
    // The command holds the program's end of the terminal.
    command.stdout(Stdio::null());
    let stdout = read(ours)?;
    let output = child.wait_with_output()?;
    Ok(Said { code: output.status.code(), stdout, stderr: String::from_utf8(output.stderr)? })
}
