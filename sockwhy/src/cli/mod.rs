//! The command line: what can be written, and its values as types.

mod values;

use std::{io::Write, process::ExitCode, time::Duration};

use clap::{
    ArgAction, Args, Parser, Subcommand, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser},
    error::ErrorKind,
};
use sockwhy_common::COMM_LEN;

use crate::{explanation::Target, plan::Cidr};

/// Exit code of a command line that makes no sense.
const WRONG_USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  sudo sockwhy trace                  every TCP connection, as it is made
  sudo sockwhy trace --comm java      those of Java programs
  sudo sockwhy trace -o json | jq .   one JSON object per line
  sudo sockwhy list -a                netstat's table, and why
  sudo sockwhy explain :8080          whether it takes IPv4, and what would help

Exit codes:
  0  done, also after Ctrl-C and when the reader closes the pipe
  1  failed
  2  wrong usage
  3  the kernel or the privileges do not allow it";

const TRACE_EXAMPLES: &str = "\
Filters of different kinds must all hold. Every filter can be repeated; the
values of one are alternatives.

Examples:
  Connections that netstat lists as tcp6 although they are IPv4
    sudo sockwhy trace --label ipv4-over-af_inet6

  What process 31307 accepts on port 4243
    sudo sockwhy trace -p 31307 --port 4243 --event accept

  Who connects to the private networks, the next ten times
    sudo sockwhy trace --event connect --net 10.0.0.0/8 \\
        --net 172.16.0.0/12 --net 192.168.0.0/16 -n 10

  A minute of everything, as JSON, for later
    sudo sockwhy trace -o json -d 60 > flows.ndjson

  The reason of each flow of Java programs
    sudo sockwhy trace --comm java -o json | jq -r .why";

const LIST_EXAMPLES: &str = "\
Shown are the sockets that are neither listeners nor in TIME_WAIT, unless -l or
-a is given, or a label that only listeners have. Filters of different kinds
must all hold. Every filter can be repeated; the values of one are alternatives.
Without privileges the processes of other users are not known.

Examples:
  Which listeners take IPv4 and which do not
    sudo sockwhy list -l

  Everything on port 4243, and why
    sudo sockwhy list -a --port 4243

  Listeners that take no IPv4, which netstat does not tell apart
    sudo sockwhy list --label ipv6-only

  IPv4 connections that netstat lists as tcp6, by program
    sudo sockwhy list --label ipv4-over-af_inet6 -o json |
        jq -r '.owners[]?.process' | sort | uniq -c

  The containers' sockets too
    sudo sockwhy list -a --netns all";

const EXPLAIN_EXAMPLES: &str = "\
TARGET is a PID, a port like :4243, or an address with its port as netstat shows
it, like 10.0.0.20:53512, [::1]:80 or [fe80::1%eth0]:80. Without privileges the
processes of other users are not known. -v shows everything that is known.

Examples:
  Why everything of process 31307 is tcp6, and whether that is a problem
    sudo sockwhy explain 31307

  Whether port 4243 takes IPv4
    sudo sockwhy explain :4243 -o json | jq .verdict.accepts_ipv4

  One line of netstat
    sudo sockwhy explain 10.0.0.20:53512

  A port of a container
    sudo sockwhy explain :4243 --netns all

  The causes alone
    sudo sockwhy explain :4243 -o json | jq -r '.causes[].text'";

const DEMO_EXAMPLES: &str = "\
A listener that is AF_INET6 and a client that is AF_INET connect on the loopback
device. Nothing is left behind. It needs no privileges.

Examples:
  Why netstat says tcp6 of an IPv4 connection
    sockwhy demo

  What changes it: a listener that refuses IPv4
    sockwhy demo --v6only";

const DOCTOR_EXAMPLES: &str = "\
Loads and attaches the BPF programs for a moment, and tells what came of it. The
exit code is 0 where sockwhy can trace, 3 where it cannot.

Examples:
  What this host allows
    sudo sockwhy doctor

  What it does not, and the fix
    sudo sockwhy doctor -o json | jq -r 'select(.ok == false) | .check, .fix'

  What the kernel says of a program that it refuses
    sudo sockwhy doctor -v";

/// Why is it tcp6? Names the address family of TCP sockets, and the reason.
#[derive(Debug, Parser)]
#[command(name = "sockwhy", version, max_term_width = 80, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, disable_help_flag = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every TCP connection as it is made or accepted
    #[command(after_help = TRACE_EXAMPLES)]
    Trace(TraceArgs),
    /// Show the TCP sockets that exist, as netstat would, and why
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Explain the sockets of a process, a port or an address, and what would help
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Make the sockets of the question on this machine, and explain them
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Tell what this host allows, and how to allow the rest
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// How to write: for people, or one JSON object per line
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
    /// When to colour text
    #[arg(
        long,
        help = "When to colour text; auto: on a terminal, unless NO_COLOR is set",
        global = true,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorChoice,
    /// Say more; twice: the log of the BPF programs as well
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show this help
    // One help, not two of different length.
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    pub help: Option<bool>,
}

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The filters that flows and sockets have in common.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only this process, all its threads
    #[arg(short, long, value_name = "PID", help_heading = "Who", allow_negative_numbers = true)]
    #[arg(value_parser = values::pid)]
    pub pid: Vec<u32>,
    /// Only processes of this name (not their threads' names)
    #[arg(long, value_name = "NAME", help_heading = "Who")]
    #[arg(value_parser = OsStringValueParser::new().try_map(|name| values::comm(&name)))]
    pub comm: Vec<[u8; COMM_LEN]>,
    /// Only processes of this user, by number
    #[arg(long, value_name = "UID", help_heading = "Who", allow_negative_numbers = true)]
    #[arg(value_parser = values::uid)]
    pub uid: Vec<u32>,

    /// Only this port, local or the peer's
    #[arg(long, value_name = "PORT", help_heading = "Which", allow_negative_numbers = true)]
    #[arg(value_parser = values::port)]
    pub port: Vec<u16>,
    /// Only peers in this network; IPv4 ones are found under IPv6 sockets too
    #[arg(long, value_name = "CIDR", help_heading = "Which")]
    pub net: Vec<Cidr>,
    /// Only sockets of this address family
    #[arg(long, help_heading = "Which")]
    pub family: Vec<FamilyArg>,
    /// Only what is IPv4 on the wire
    #[arg(short = '4', help_heading = "Which", overrides_with = "ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Only what is IPv6 on the wire
    #[arg(short = '6', help_heading = "Which", overrides_with = "ipv6")]
    pub ipv6: bool,
}

/// Arguments of `sockwhy trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Filters of processes and sockets.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Only connections made, or only those accepted
    #[arg(long, help_heading = "Which")]
    pub event: Vec<EventArg>,
    /// Only flows of this label
    #[arg(long, help_heading = "Which")]
    pub label: Vec<LabelArg>,

    /// Stop after N events
    #[arg(short = 'n', long, value_name = "N", help_heading = "How long", allow_negative_numbers = true)]
    #[arg(value_parser = values::count)]
    pub count: Option<u64>,
    /// Stop after so many seconds
    #[arg(short, long, value_name = "SECONDS", help_heading = "How long", allow_negative_numbers = true)]
    #[arg(value_parser = values::duration)]
    pub duration: Option<Duration>,

    /// How to look into the kernel; auto: the best way that it allows
    #[arg(long, default_value = "auto", help_heading = "How")]
    pub backend: BackendArg,
    /// Room for events that are not written yet, in bytes; K and M can be used
    #[arg(long, value_name = "BYTES", default_value = "4M", help_heading = "How", allow_negative_numbers = true)]
    #[arg(value_parser = values::buffer_size)]
    pub buffer_size: u32,
}

/// Arguments of `sockwhy list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only listeners
    #[arg(short, long, help_heading = "Which")]
    pub listening: bool,
    /// Every state
    #[arg(short, long, help = "Listeners and TIME_WAIT as well", help_heading = "Which")]
    pub all: bool,
    /// Filters of processes and sockets.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Only sockets of this label
    #[arg(long, help_heading = "Which")]
    pub label: Vec<SocketLabelArg>,
    /// Only this network namespace, or all of them, instead of sockwhy's own
    #[arg(long, value_name = "INODE|all", help_heading = "Which", allow_negative_numbers = true)]
    #[arg(value_parser = values::netns)]
    pub netns: Option<NetnsArg>,
}

/// `--netns`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetnsArg {
    /// Every one that can be found.
    All,
    /// The one with this inode number.
    Inode(u32),
}

/// `--label` of `sockwhy list`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SocketLabelArg {
    /// An `AF_INET` socket.
    Ipv4,
    /// An `AF_INET6` socket with an IPv6 peer.
    Ipv6,
    /// An `AF_INET6` socket with an IPv4-mapped peer, or bound to an IPv4-mapped address.
    #[value(name = "ipv4-over-af_inet6")]
    Ipv4OverAfInet6,
    /// A listener that accepts both.
    DualStack,
    /// An `AF_INET6` listener that accepts IPv6 only.
    Ipv6Only,
}

/// Arguments of `sockwhy explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A PID, :PORT, or ADDRESS:PORT
    #[arg(allow_negative_numbers = true)]
    pub target: Target,
    /// Look in this network namespace, or in all of them, instead of sockwhy's own
    #[arg(long, value_name = "INODE|all", allow_negative_numbers = true)]
    #[arg(value_parser = values::netns)]
    pub netns: Option<NetnsArg>,
}

/// Arguments of `sockwhy demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Set `IPV6_V6ONLY` on the listener, which then refuses the client
    #[arg(long, help = "Set IPV6_V6ONLY on the listener, which then refuses the client")]
    pub v6only: bool,
}

/// `--event`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventArg {
    /// Connections made.
    Connect,
    /// Connections accepted.
    Accept,
}

/// `--family`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FamilyArg {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

/// `--label`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelArg {
    /// An `AF_INET` socket.
    Ipv4,
    /// An `AF_INET6` socket with an IPv6 peer.
    Ipv6,
    /// An `AF_INET6` socket with an IPv4-mapped peer.
    #[value(name = "ipv4-over-af_inet6")]
    Ipv4OverAfInet6,
}

/// `--backend`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// The best one that the host allows.
    Auto,
    /// Trampolines.
    Fentry,
    /// Breakpoints.
    Kprobe,
    /// Tracepoints.
    Tracepoint,
}

/// Prints what clap has to say: help as it is, an error on one line of stderr. Returns the exit code.
#[must_use]
pub fn report(error: &clap::Error) -> ExitCode {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};

    // There is nobody to tell when the streams cannot be written to.
    let _unheard = match error.kind() {
        DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand => error.print(),
        _ => writeln!(std::io::stderr(), "sockwhy: {}", one_line(error)),
    };
    match error.kind() {
        DisplayHelp | DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(WRONG_USAGE),
    }
}

/// clap's message and its tips, without the usage that follows.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraphs = text
        .split("\n\n")
        .take_while(|paragraph| !paragraph.starts_with("Usage:") && !paragraph.starts_with("For more information"))
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs
        .map(|paragraph| paragraph.trim_start_matches("error: ").trim_start_matches("tip: ").to_owned())
        .collect::<Vec<_>>()
        .join("; ");
    match error.kind() {
        // Ours, which say what would be right.
        ErrorKind::ValueValidation => message,
        _ => format!("{message}; see --help"),
    }
}

#[cfg(test)]
mod tests;
