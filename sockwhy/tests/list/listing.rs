//! Running `sockwhy list`, and what it says.

use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;

use crate::enter::Enter;
use crate::outcome::Outcome;
use crate::program::program;
use crate::said::Said;

/// A line of the listing: every field of the interface, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) proto: String,
    pub(crate) state: String,
    pub(crate) family: String,
    pub(crate) ip_version: Option<u8>,
    pub(crate) label: String,
    pub(crate) accepts: Option<Vec<String>>,
    pub(crate) v6only: Option<bool>,
    pub(crate) local_addr: IpAddr,
    pub(crate) local_port: u16,
    pub(crate) peer_addr: Option<IpAddr>,
    pub(crate) peer_port: Option<u16>,
    pub(crate) uid: Option<u32>,
    pub(crate) inode: Option<u64>,
    pub(crate) netns: u32,
    pub(crate) cookie: Option<u64>,
    pub(crate) owners: Option<Vec<Owner>>,
    pub(crate) why: String,
}

/// A process that has the socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    pub(crate) pid: Option<u32>,
    pub(crate) process: String,
    pub(crate) fd: u32,
}

/// Runs `sockwhy list`.
pub(crate) fn list(arguments: &[&str]) -> Outcome<Said> {
    list_as(&Enter::default(), &program(), arguments)
}

/// Runs it somewhere else, or as somebody else.
pub(crate) fn list_as(enter: &Enter, program: &Path, arguments: &[&str]) -> Outcome<Said> {
    Said::by_sockwhy(enter, program, &[&["list"], arguments].concat())
}

impl Said {
    /// The rows of a listing in JSON that has no messages.
    pub(crate) fn rows(&self) -> Outcome<Vec<Row>> {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        Ok(self.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Asserts that nothing is listed, and that these words are said, in one line. A second line can have the remedy; with
    /// exit code 3 it does.
    pub(crate) fn assert_refused(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        assert!(self.stderr.lines().all(|line| line.starts_with("sockwhy: ")), "{}", self.stderr);
        let lines = self.stderr.lines().count();
        assert!(lines == 2 || lines == 1 && code != 3, "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {:?}", self.stderr);
        }
    }
}

/// The rows that `sockwhy list` with these arguments shows.
pub(crate) fn rows(arguments: &[&str]) -> Outcome<Vec<Row>> {
    list(&[arguments, &["-o", "json"]].concat())?.rows()
}

/// Every socket of the network namespace.
pub(crate) fn all() -> Outcome<Vec<Row>> {
    rows(&["-a"])
}
