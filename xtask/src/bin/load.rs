//! Connections over loopback: the load of `cargo xtask bench`.
//!
//! The number of connections is always bounded. Every connection ends with a reset, so that none stays in `TIME_WAIT`
//! and slows down the next.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getppid, getrlimit, setrlimit};

/// Makes connections over loopback
#[derive(Parser)]
enum Load {
    /// As fast as it can; prints the seconds that it took
    Storm {
        /// What kind of connection
        #[arg(long, value_enum, default_value_t = Kind::Ipv4)]
        kind: Kind,
        /// Threads; each connects to a listener of its own
        #[arg(long, default_value_t = 1)]
        threads: usize,
        /// Connections of all threads together
        #[arg(long)]
        connections: usize,
    },
    /// System calls that do nothing, as fast as it can; prints the seconds that it took
    Calls {
        /// How many
        #[arg(long)]
        count: u32,
    },
    /// One at a time, with a pause before the next, until stdin ends
    Drip {
        /// Microseconds of a pause
        #[arg(long)]
        pause: u64,
        /// How many at most
        #[arg(long)]
        connections: usize,
    },
    /// Opens connections, says so in a line, and keeps both ends of each until stdin ends
    Hold {
        /// How many
        #[arg(long)]
        connections: usize,
    },
}

/// The two sockets of a connection.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// `AF_INET` to `AF_INET`
    Ipv4,
    /// `AF_INET6` to `AF_INET6`, over `::1`
    Ipv6,
    /// `AF_INET` to a listener that takes both versions
    DualStack,
    /// `AF_INET6` to `::ffff:127.0.0.1`, on a listener that takes both versions
    Mapped,
}

impl Kind {
    fn listens(self) -> IpAddr {
        match self {
            Self::Ipv4 => Ipv4Addr::LOCALHOST.into(),
            Self::Ipv6 => Ipv6Addr::LOCALHOST.into(),
            Self::DualStack | Self::Mapped => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    fn connects_to(self) -> IpAddr {
        match self {
            Self::Ipv4 | Self::DualStack => Ipv4Addr::LOCALHOST.into(),
            Self::Ipv6 => Ipv6Addr::LOCALHOST.into(),
            Self::Mapped => Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(),
        }
    }
}

fn main() -> ExitCode {
    let result = match Load::parse() {
        Load::Storm { kind, threads, connections } => storm(kind, threads, connections),
        Load::Calls { count } => {
            calls(count);
            Ok(())
        }
        Load::Drip { pause, connections } => drip(Duration::from_micros(pause), connections),
        Load::Hold { connections } => hold(connections),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A listener and where to reach it.
struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    fn start(kind: Kind) -> io::Result<Self> {
        let listener = TcpListener::bind((kind.listens(), 0))?;
        let address = SocketAddr::new(kind.connects_to(), listener.local_addr()?.port());
        Ok(Self { listener, address })
    }

    /// Both ends of a new connection. Dropping them resets it.
    fn connection(&self) -> io::Result<[TcpStream; 2]> {
        let client = TcpStream::connect(self.address)?;
        let (server, _) = self.listener.accept()?;
        set_socket_linger(&client, Some(Duration::ZERO))?;
        Ok([client, server])
    }
}

fn storm(kind: Kind, threads: usize, connections: usize) -> io::Result<()> {
    let servers = (0..threads).map(|_| Server::start(kind)).collect::<io::Result<Vec<_>>>()?;
    let ready = Barrier::new(threads + 1);
    let connect = |index: usize| {
        ready.wait();
        // The first threads make the remainder of the division, one each.
        let own = connections / threads + usize::from(index < connections % threads);
        (0..own).try_for_each(|_| servers[index].connection().map(drop))
    };
    let elapsed = thread::scope(|scope| {
        let connect = &connect;
        let running: Vec<_> = (0..threads).map(|index| scope.spawn(move || connect(index))).collect();
        ready.wait();
        let start = Instant::now();
        running.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))?;
        Ok::<_, io::Error>(start.elapsed())
    })?;
    println!("{}", elapsed.as_secs_f64());
    Ok(())
}

fn calls(count: u32) {
    let start = Instant::now();
    for _ in 0..count {
        // No library caches this call, because the parent can change.
        black_box(getppid());
    }
    println!("{}", start.elapsed().as_secs_f64());
}

fn drip(pause: Duration, connections: usize) -> io::Result<()> {
    thread::spawn(move || {
        let outcome = Server::start(Kind::Ipv4).and_then(|server| {
            (0..connections).try_for_each(|_| {
                thread::sleep(pause);
                server.connection().map(drop)
            })
        });
        if let Err(error) = outcome {
            eprintln!("load: {error}");
        }
    });
    wait_for_end()
}

fn hold(connections: usize) -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    let server = Server::start(Kind::Ipv4)?;
    let held = (0..connections).map(|_| server.connection()).collect::<io::Result<Vec<_>>>()?;
    println!("holds {} sockets", 2 * held.len() + 1);
    io::stdout().flush()?;
    wait_for_end()
}

/// Waits for the end of stdin.
fn wait_for_end() -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}
