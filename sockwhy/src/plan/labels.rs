//! Which labels pass all filters of family, wire, network and label, and the error where none does.

use std::fmt;

use crate::cli::FilterArgs;
use crate::exit::{Exit, Failure};
use crate::model::{Family, Label};

/// Labels as a set of bits ([`Label::bit`]).
pub(super) type Labels = u8;

/// Filters that each pass some labels, but have none in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction(Vec<LabelFilter>);

/// A filter, as far as it decides which labels pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LabelFilter {
    /// As the user would write it.
    flags: String,
    /// The labels that pass.
    labels: Labels,
}

/// The labels that pass every filter, of those in `all`.
///
/// # Errors
/// The fewest filters that leave none.
pub(super) fn common(all: Labels, filters: &FilterArgs, label: Option<LabelFilter>) -> Result<Labels, Contradiction> {
    let filters: Vec<_> = given(filters)
        .into_iter()
        .chain([label])
        .flatten()
        .map(|filter| LabelFilter { labels: filter.labels & all, ..filter })
        .collect();
    let chosen = |set: u32| move |(index, _): &(usize, &LabelFilter)| set & (1 << index) != 0;
    let common = |set: u32| {
        filters.iter().enumerate().filter(chosen(set)).fold(all, |labels, (_, filter)| labels & filter.labels)
    };
    let every = (1 << filters.len()) - 1;
    match (0..=every).filter(|&set| common(set) == 0).min_by_key(|set| set.count_ones()) {
        None => Ok(common(every)),
        Some(set) => Err(Contradiction(
            filters.iter().enumerate().filter(chosen(set)).map(|(_, filter)| filter.clone()).collect(),
        )),
    }
}

/// The given filters of family, wire and network.
fn given(args: &FilterArgs) -> [Option<LabelFilter>; 3] {
    let carries = |version| Label::set(|label| label.ip_version().is_none_or(|only| only == version));
    let wire = [("-4", args.ipv4, carries(4)), ("-6", args.ipv6, carries(6))];
    [
        any_of(args.family.iter().map(|family| {
            let of_family = |label| (label == Label::Ipv4) == (*family == Family::Inet);
            (format!("--family {}", family.argument()), Label::set(of_family))
        })),
        any_of(wire.into_iter().filter(|(_, given, _)| *given).map(|(flag, _, labels)| (flag.to_owned(), labels))),
        any_of(args.net.iter().map(|net| (format!("--net {net}"), net.labels()))),
    ]
}

/// The filter of `--label`.
pub(super) fn label_filter(labels: &[Label]) -> Option<LabelFilter> {
    any_of(labels.iter().map(|label| (format!("--label {}", label.as_str().to_lowercase()), label.bit())))
}

/// The values of one filter are alternatives. `None` where there are none.
fn any_of(values: impl Iterator<Item = (String, Labels)>) -> Option<LabelFilter> {
    values
        .map(|(flags, labels)| LabelFilter { flags, labels })
        .reduce(|all, next| LabelFilter { flags: all.flags + " " + &next.flags, labels: all.labels | next.labels })
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

impl Failure for Contradiction {
    fn exit(&self) -> Exit {
        Exit::WrongUsage
    }
}
