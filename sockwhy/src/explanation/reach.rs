//! Where listeners take connections.

use std::net::IpAddr;

use super::port::{Places, is_on_any, is_on_any_device};
use crate::model::socket::Entry;

/// Where listeners take connections of one version of IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nowhere: none of them takes it, or others get all of it.
    Nowhere,
    /// Nowhere, as no address that they would take it on is an address of the host.
    NoAddress,
    /// On these addresses.
    On(Vec<IpAddr>),
    /// On every address of the host but these, which others take.
    Everywhere {
        /// The others' addresses.
        but: Vec<IpAddr>,
    },
}

impl Reach {
    /// What `own` listeners on a port get of IP `version`, 4 or 6.
    pub(super) fn of(own: &[Entry<'_>], places: &Places<'_>, version: u8) -> Self {
        let mut takers = own.iter().copied().filter(|own| own.label.takes(version)).peekable();
        if takers.peek().is_none() {
            return Self::Nowhere;
        }
        let any = takers.any(|taker| is_on_any(taker) && is_on_any_device(taker));
        let (taken, lost): (Vec<_>, Vec<_>) =
            places.iter().partition(|(_, takers)| takers.iter().any(|taker| own.contains(taker)));
        let ips = |places: Vec<&(Option<IpAddr>, _)>| places.into_iter().filter_map(|(ip, _)| *ip).collect();
        match (any, taken.is_empty(), lost.is_empty()) {
            (true, true, false) => Self::Nowhere,
            (_, true, _) => Self::NoAddress,
            (true, false, _) => Self::Everywhere { but: ips(lost) },
            (false, false, _) => Self::On(ips(taken)),
        }
    }

    /// Whether somebody can connect.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::On(_) | Self::Everywhere { .. })
    }

    /// Whether nobody can but this host itself.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self, Self::On(addresses) if addresses.iter().all(IpAddr::is_loopback))
    }
}
