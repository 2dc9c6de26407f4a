//! The Rust program among the runtimes: this very program, started with other arguments.

use std::env;
use std::ffi::{CString, OsString};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use socket2::{Domain, Protocol, Socket, Type};

use crate::host;
use crate::outcome::{Outcome, Stop};

/// The first argument that makes this program one.
pub(crate) const ARGUMENT: &str = "puppet";

/// A command that starts one: `listen ADDRESS`, `listen-v6only ADDRESS 0|1`, `listen-reuseport ADDRESS`,
/// `listen-mptcp ADDRESS`, `connect ADDRESS`, `addrform ADDRESS`; and one of another name, `name CODES …` (bytes in
/// hexadecimal). All of them need `AF_INET6` sockets.
pub(crate) fn command(arguments: &[&str]) -> Outcome<Command> {
    host::require_inet6()?;
    let mut command = Command::new(env::current_exe()?);
    command.arg(ARGUMENT).args(arguments);
    Ok(command)
}

/// Makes its sockets, says "ready", and ends with its standard input.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> Outcome {
    let arguments: Vec<_> = arguments.filter_map(|argument| argument.into_string().ok()).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut words = words.as_slice();
    if let ["name", codes, rest @ ..] = words {
        let name = codes.split(' ').map(|code| u8::from_str_radix(code, 16)).collect::<Result<Vec<_>, _>>()?;
        rustix::thread::set_name(&CString::new(name)?)?;
        words = rest;
    }
    let _kept: Vec<Socket> = match words {
        ["listen", address] => vec![TcpListener::bind(*address)?.into()],
        ["listen-v6only", address, on] => vec![listener(address, |socket| socket.set_only_v6(*on == "1"))?],
        ["listen-reuseport", address] => vec![reuseport(address)?],
        ["listen-mptcp", address] => vec![mptcp(address)?],
        ["connect", address] => vec![TcpStream::connect(*address)?.into()],
        ["addrform", address] => addrform(address)?,
        other => return Err(Stop::failed(format!("no puppet does {other:?}"))),
    };
    let mut stdout = io::stdout();
    writeln!(stdout, "ready")?;
    stdout.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn listener(address: &str, prepare: impl FnOnce(&Socket) -> io::Result<()>) -> Outcome<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    prepare(&socket)?;
    listen(&socket, address)?;
    Ok(socket)
}

/// A listener that shares its port with others of this user.
pub(crate) fn reuseport(address: &str) -> Outcome<Socket> {
    let domain = Domain::for_address(address.parse()?);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    listen(&socket, address)?;
    Ok(socket)
}

fn mptcp(address: &str) -> Outcome<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::MPTCP))?;
    listen(&socket, address)?;
    Ok(socket)
}

fn listen(socket: &Socket, address: &str) -> Outcome {
    let address: SocketAddr = address.parse()?;
    // Connections of the test before may linger.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket.listen(16)?)
}

/// A dual-stack listener, and a connection from it that has been turned into an `AF_INET` socket.
fn addrform(address: &str) -> Outcome<Vec<Socket>> {
    let listener = TcpListener::bind(address)?;
    let client = TcpStream::connect(("127.0.0.1", listener.local_addr()?.port()))?;
    let (accepted, _) = listener.accept()?;
    let accepted = Socket::from(accepted);
    let family = libc::AF_INET;
    // SAFETY: the option takes an int, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            std::os::fd::AsRawFd::as_raw_fd(&accepted),
            libc::IPPROTO_IPV6,
            libc::IPV6_ADDRFORM,
            (&raw const family).cast(),
            libc::socklen_t::try_from(size_of_val(&family))?,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(vec![listener.into(), client.into(), accepted])
}
