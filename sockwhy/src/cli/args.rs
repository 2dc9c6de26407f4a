//! The commands and their arguments, with values as types.

use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use sockwhy_common::COMM_LEN;

use super::values::{EventArg, NetnsArg};
use super::{examples, values};
use crate::explanation::Target;
use crate::model::{Backend, Cidr, Family, Label};

/// Why is it tcp6? Names the address family of TCP sockets, and the reason.
#[derive(Debug, Parser)]
#[command(name = "sockwhy", version, max_term_width = 80, after_help = examples::SOCKWHY)]
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
    #[command(after_help = examples::TRACE)]
    Trace(TraceArgs),
    /// Show the TCP sockets that exist, as netstat would, and why
    #[command(after_help = examples::LIST)]
    List(ListArgs),
    /// Explain the sockets of a process, a port or an address, and what would help
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Make an IPv4 connection that is tcp6 on this machine, and explain it
    #[command(after_help = examples::DEMO)]
    Demo(DemoArgs),
    /// Check what this host allows, and say how to allow the rest
    #[command(after_help = examples::DOCTOR)]
    Doctor,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// Text for people, or one JSON object per line
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
    /// More messages; twice: the log of the BPF programs too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show this help
    // One help, not two of different length.
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    pub help: Option<bool>,
}

/// What the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
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
    #[arg(long, help_heading = "Which", value_parser = values::one_of(Family::ALL, Family::argument))]
    pub family: Vec<Family>,
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
    /// Only these events; connect and accept if not given
    #[arg(long, help_heading = "Which", value_parser = values::one_of(EventArg::ALL, EventArg::as_str))]
    pub event: Vec<EventArg>,
    /// Only flows of this label
    #[arg(long, help_heading = "Which", value_parser = values::one_of(Label::CONNECTIONS, Label::as_str))]
    pub label: Vec<Label>,

    /// Stop after N events
    #[arg(short = 'n', long, value_name = "N", help_heading = "How long", allow_negative_numbers = true)]
    #[arg(value_parser = values::count)]
    pub count: Option<u64>,
    /// Stop after this time
    #[arg(short, long, value_name = "SECONDS", help_heading = "How long", allow_negative_numbers = true)]
    #[arg(value_parser = values::duration)]
    pub duration: Option<Duration>,

    /// How to hook into the kernel; auto: the best way that works here
    #[arg(long, default_value = "auto", help_heading = "How", value_parser = values::backend())]
    pub backend: BackendChoice,
    /// Size of the buffer for events, in bytes; K and M are allowed
    #[arg(long, value_name = "BYTES", default_value = "4M", help_heading = "How", allow_negative_numbers = true)]
    #[arg(value_parser = values::buffer_size)]
    pub buffer_size: u32,
    /// Open connections to follow at a time, for established, failed and closed
    #[arg(long, value_name = "N", default_value = "131072", help_heading = "How", allow_negative_numbers = true)]
    #[arg(value_parser = values::max_flows)]
    pub max_flows: usize,
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
    #[arg(long, help_heading = "Which", value_parser = values::one_of(Label::ALL, Label::as_str))]
    pub label: Vec<Label>,
    /// Only this network namespace, or all of them, instead of sockwhy's own
    #[arg(long, value_name = "INODE|all", help_heading = "Which", allow_negative_numbers = true)]
    #[arg(value_parser = values::netns)]
    pub netns: Option<NetnsArg>,
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

/// A backend, or `None` for the best one that the host allows. The alias hides the `Option`, which clap would take for
/// an argument without a default.
pub(super) type BackendChoice = Option<Backend>;
