//! Values of arguments, checked where they are read. Each error says what would be right.

use std::ffi::OsStr;
use std::num::ParseIntError;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sockwhy_common::COMM_LEN;

use crate::model::Backend;
use crate::model::event::Kind;

/// Longest `--duration`: a year.
const MAX_SECONDS: f64 = 365.0 * 24.0 * 3600.0;
/// Largest `--buffer-size`, in bytes.
const MAX_BUFFER: u32 = 1 << 30;

/// `--netns`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetnsArg {
    /// Every one that can be found.
    All,
    /// The one with this inode number.
    Inode(u32),
}

/// `--event`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventArg {
    /// Every kind.
    All,
    /// One kind.
    Kind(Kind),
}

impl EventArg {
    pub(super) const ALL: [Self; 6] = [
        Self::Kind(Kind::Connect),
        Self::Kind(Kind::Accept),
        Self::Kind(Kind::Failed),
        Self::Kind(Kind::Established),
        Self::Kind(Kind::Closed),
        Self::All,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Kind(kind) => kind.as_str(),
        }
    }
}

/// One of these values, by its name in lower case.
pub(super) fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = values.map(|value| name(value).to_lowercase());
    PossibleValuesParser::new(names.clone()).map(move |given| {
        let index = names.iter().position(|name| *name == given);
        values[index.expect("clap takes no other value")]
    })
}

/// A backend, or `None` for `auto`.
pub(super) fn backend() -> impl TypedValueParser<Value = Option<Backend>> {
    let [fentry, kprobe, tracepoint] = Backend::ALL.map(Some);
    one_of([None, fentry, kprobe, tracepoint], |backend| backend.map_or("auto", Backend::as_str))
}

/// The kernel's PIDs are positive `int`s.
pub(super) fn pid(text: &str) -> Result<u32, String> {
    number(text, 1..=i32::MAX as u32, "a process id", "; to filter by name, use --comm")
}

pub(super) fn uid(text: &str) -> Result<u32, String> {
    number(text, 0..=u32::MAX - 1, "a user id", "; for a name, id -u NAME prints it")
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    number(text, 1..=u16::MAX, "a port", "")
}

pub(super) fn netns(text: &str) -> Result<NetnsArg, String> {
    if text == "all" {
        return Ok(NetnsArg::All);
    }
    let number = number(text, 1..=u32::MAX, "a network namespace's inode", "; or all (lsns -t net lists them)");
    number.map(NetnsArg::Inode)
}

pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a count is a number from 1 up".to_owned())
}

/// Each takes some 300 bytes.
pub(super) fn max_flows(text: &str) -> Result<usize, String> {
    number(text, 1..=10_000_000, "a number of connections", "")
}

fn number<T>(text: &str, range: RangeInclusive<T>, what: &str, hint: &str) -> Result<T, String>
where
    T: FromStr<Err = ParseIntError> + PartialOrd + std::fmt::Display,
{
    match text.parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!("{what} is a number from {} to {}{hint}", range.start(), range.end())),
    }
}

/// A process's name as the kernel keeps it, padded with NUL.
pub(super) fn comm(name: &OsStr) -> Result<[u8; COMM_LEN], String> {
    const MAX: usize = COMM_LEN - 1;
    let bytes = name.as_bytes();
    match bytes.len() {
        0 => Err("a process's name is not empty".to_owned()),
        1..=MAX => {
            let mut comm = [0; COMM_LEN];
            comm[..bytes.len()].copy_from_slice(bytes);
            Ok(comm)
        }
        _ => {
            let kept = &bytes[..MAX];
            let escaped = kept.escape_ascii().to_string();
            // The shells' $'…' reads the escapes.
            let quote = if escaped.as_bytes() == kept { "'" } else { "$'" };
            Err(format!("the kernel keeps {MAX} bytes of a process's name: use {quote}{escaped}'"))
        }
    }
}

/// Seconds, with or without decimals.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("a duration is a number of seconds, like 60 or 0.5, up to {MAX_SECONDS} (a year)"))
}

/// Bytes, or with K or M units of 1024 and 1024² bytes.
pub(super) fn buffer_size(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1 << 10),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |digits| (digits, 1 << 20)),
    };
    digits
        .parse()
        .ok()
        .and_then(|count: u32| count.checked_mul(unit))
        .filter(|size| (1..=MAX_BUFFER).contains(size))
        .ok_or_else(|| "a buffer size is a number of bytes, like 65536, 512K or 16M, up to 1024M".to_owned())
}
