//! What a run will do: arguments that make sense together, in the form that the kernel's maps take.

mod nets;

use std::{fmt, time::Duration};

pub use nets::{Cidr, CidrError, NetRule};
use sockwhy_common::{COMM_LEN, label_bit};

use crate::{
    cli::{BackendArg, EventArg, FamilyArg, LabelArg, TraceArgs},
    flow::Label,
};

/// Smallest ring buffer, in bytes: it consists of whole pages.
const MIN_BUFFER: u32 = 4096;

/// One run of `sockwhy trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePlan {
    /// Which flows to report.
    pub filters: FlowFilter,
    /// Report connections made.
    pub connects: bool,
    /// Report connections accepted.
    pub accepts: bool,
    /// How to see them.
    pub backend: BackendChoice,
    /// Stop after so many events.
    pub count: Option<u64>,
    /// Stop after so long.
    pub duration: Option<Duration>,
    /// Size of the ring buffer in bytes: a power of two from 4 KiB to 1 GiB.
    pub buffer_size: u32,
    /// What the user should know of how the arguments were understood, a line each.
    pub notes: Vec<String>,
}

/// Which flows to report. Filters of different kinds must all hold, the values of one are alternatives, an empty list
/// lets everything through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFilter {
    /// Processes, as sockwhy's PID namespace numbers them.
    pub pids: Vec<u32>,
    /// Real user ids.
    pub uids: Vec<u32>,
    /// Ports, local or the peer's, host order.
    pub ports: Vec<u16>,
    /// Names of processes, padded with NUL.
    pub comms: Vec<[u8; COMM_LEN]>,
    /// Networks of the peer.
    pub nets: Vec<NetRule>,
    /// Labels: bits of [`label_bit`], at least one.
    pub labels: u8,
}

/// How the kernel's programs are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Trampolines at the functions' entries and exits.
    Fentry,
    /// Breakpoints at the functions' entries.
    Kprobe,
    /// Tracepoints and, for connects, `sock_ops`.
    Tracepoint,
}

impl Backend {
    /// Every one, in the order in which `auto` tries them.
    pub const ALL: [Self; 3] = [Self::Fentry, Self::Kprobe, Self::Tracepoint];
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
        })
    }
}

/// Which backend the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// The best one that the host allows.
    Auto,
    /// This one or none.
    Only(Backend),
}

/// Filters that each let something through, but nothing together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction(Vec<LabelFilter>);

/// A filter, as far as it decides which labels pass.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LabelFilter {
    /// As the user would write it.
    flags: String,
    /// The labels that pass: bits of [`label_bit`].
    labels: u8,
}

impl TracePlan {
    /// What these arguments ask for.
    ///
    /// # Errors
    /// When no flow can ever pass all the filters.
    pub fn new(args: TraceArgs) -> Result<Self, Contradiction> {
        let labels = common_labels(&label_filters(&args))?;
        let buffer_size = args.buffer_size.max(MIN_BUFFER).next_power_of_two();
        let mut notes = Vec::new();
        if buffer_size != args.buffer_size {
            notes.push(format!(
                "--buffer-size {} rounded up to {buffer_size}: the kernel wants a power of two of at least {MIN_BUFFER}",
                args.buffer_size,
            ));
        }
        Ok(Self {
            filters: FlowFilter {
                pids: distinct(args.pid),
                uids: distinct(args.uid),
                ports: distinct(args.port),
                comms: distinct(args.comm),
                nets: nets::rules(args.net),
                labels,
            },
            connects: args.event.is_empty() || args.event.contains(&EventArg::Connect),
            accepts: args.event.is_empty() || args.event.contains(&EventArg::Accept),
            backend: match args.backend {
                BackendArg::Auto => BackendChoice::Auto,
                BackendArg::Fentry => BackendChoice::Only(Backend::Fentry),
                BackendArg::Kprobe => BackendChoice::Only(Backend::Kprobe),
                BackendArg::Tracepoint => BackendChoice::Only(Backend::Tracepoint),
            },
            count: args.count,
            duration: args.duration,
            buffer_size,
            notes,
        })
    }
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// The filters that were given and decide about labels.
fn label_filters(args: &TraceArgs) -> Vec<LabelFilter> {
    const WIRE_IPV4: u8 = label_bit::IPV4 | label_bit::IPV4_OVER_AF_INET6;
    const WIRE_IPV6: u8 = label_bit::IPV6;

    let wire = [("-4", args.ipv4, WIRE_IPV4), ("-6", args.ipv6, WIRE_IPV6)];
    [
        any_of(args.family.iter().map(|family| match family {
            FamilyArg::Inet => ("--family inet".to_owned(), label_bit::IPV4),
            FamilyArg::Inet6 => ("--family inet6".to_owned(), label_bit::IPV6 | label_bit::IPV4_OVER_AF_INET6),
        })),
        any_of(wire.into_iter().filter(|(_, given, _)| *given).map(|(flag, _, labels)| (flag.to_owned(), labels))),
        any_of(args.label.iter().map(|label| match label {
            LabelArg::Ipv4 => ("--label ipv4".to_owned(), label_bit::IPV4),
            LabelArg::Ipv6 => ("--label ipv6".to_owned(), label_bit::IPV6),
            LabelArg::Ipv4OverAfInet6 => ("--label ipv4-over-af_inet6".to_owned(), label_bit::IPV4_OVER_AF_INET6),
        })),
        any_of(args.net.iter().map(|net| (format!("--net {net}"), net.labels()))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The values of one filter are alternatives. `None` where there are none.
fn any_of(values: impl Iterator<Item = (String, u8)>) -> Option<LabelFilter> {
    values
        .map(|(flags, labels)| LabelFilter { flags, labels })
        .reduce(|all, next| LabelFilter { flags: all.flags + " " + &next.flags, labels: all.labels | next.labels })
}

/// The labels that pass every filter, or the fewest filters that leave none.
fn common_labels(filters: &[LabelFilter]) -> Result<u8, Contradiction> {
    let chosen = |set: u32| move |(index, _): &(usize, &LabelFilter)| set & (1 << index) != 0;
    let common = |set: u32| {
        filters
            .iter()
            .enumerate()
            .filter(chosen(set))
            .fold(label_bit::ALL, |labels, (_, filter)| labels & filter.labels)
    };
    let all = (1 << filters.len()) - 1;
    match (0..=all).filter(|&set| common(set) == 0).min_by_key(|set| set.count_ones()) {
        None => Ok(common(all)),
        Some(set) => Err(Contradiction(
            filters.iter().enumerate().filter(chosen(set)).map(|(_, filter)| filter.clone()).collect(),
        )),
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(1);
        for (index, filter) in self.0.iter().enumerate() {
            f.write_str(match index {
                0 => "",
                _ if index == last => " and ",
                _ => ", ",
            })?;
            write!(f, "{} (", filter.flags)?;
            let mut labels = Label::ALL.into_iter().filter(|label| filter.labels & label.bit() != 0);
            if let Some(first) = labels.next() {
                write!(f, "{first}")?;
            }
            labels.try_for_each(|label| write!(f, " or {label}"))?;
            f.write_str(")")?;
        }
        write!(f, " can never {} hold; drop one of them", if last == 1 { "both" } else { "all" })
    }
}

impl std::error::Error for Contradiction {}

#[cfg(test)]
mod tests;
