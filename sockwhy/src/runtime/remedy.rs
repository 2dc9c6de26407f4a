//! Something to do about a socket's family, and what it is for.

use super::settings::Setting;

/// What somebody who looks at a socket may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// IPv4 alone, by an `AF_INET` socket, which netstat lists as `tcp`.
    Ipv4Only,
    /// IPv4 as well as IPv6.
    Both,
    /// IPv6 alone.
    Ipv6Only,
}

impl Aim {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4Only => "ipv4-only",
            Self::Both => "both",
            Self::Ipv6Only => "ipv6-only",
        }
    }
}

/// Which sockets of a program something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its listeners.
    Listen,
    /// The connections that it makes.
    Connect,
}

/// Whom a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any address of the host: it is bound to 0.0.0.0 or `::`.
    Any,
    /// This host alone: it is bound to a loopback address.
    Loopback,
    /// One other address.
    One,
}

/// Something to do. It keeps the scope of the listener. In the texts, `{port}` stands for the listener's port, `{ipv4}`
/// and `{ipv6}` for addresses of its scope: 0.0.0.0 and `::`, 127.0.0.1 and `::1`, or the one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Which sockets it is about.
    pub role: Role,
    /// What it is for.
    pub aims: &'static [Aim],
    /// For which listeners; empty: for all.
    pub scopes: &'static [Scope],
    /// The setting that it makes, where sockwhy can see whether it is made: name and value, as [`Setting`] has them.
    pub setting: Option<(&'static str, &'static str)>,
    /// What to do.
    pub what: &'static str,
    /// Where and how.
    pub how: &'static str,
    /// What comes of it, with everything else that it changes.
    pub effect: &'static str,
}

/// A listener that is `AF_INET`.
pub const fn ipv4_only(what: &'static str, how: &'static str) -> Remedy {
    listen(&[Aim::Ipv4Only], what, how, "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served")
}

/// One listener for both, which only a listener on any address can be.
pub(super) const fn dual_stack(what: &'static str, how: &'static str) -> Remedy {
    listen(&[Aim::Both], what, how, "a dual-stack listener: one AF_INET6 socket for both").on_any()
}

/// A listener for each.
pub const fn pair(what: &'static str, how: &'static str) -> Remedy {
    listen(&[Aim::Both], what, how, "a listener for each, IPv4 and IPv6")
}

/// A listener that refuses IPv4.
pub const fn ipv6_only(what: &'static str, how: &'static str) -> Remedy {
    listen(&[Aim::Ipv6Only], what, how, "an IPv6-only listener; IPv4 is no longer served")
}

/// Anything about listeners, also what people try in vain.
pub const fn listen(aims: &'static [Aim], what: &'static str, how: &'static str, effect: &'static str) -> Remedy {
    Remedy { role: Role::Listen, aims, scopes: &[], setting: None, what, how, effect }
}

/// Connections to IPv4 that are `AF_INET`.
pub(super) const fn connect(what: &'static str, how: &'static str) -> Remedy {
    let remedy = listen(&[Aim::Ipv4Only], what, how, "a connection of an AF_INET socket, which netstat lists as tcp");
    Remedy { role: Role::Connect, ..remedy }
}

impl Remedy {
    /// The same for listeners on any address alone.
    #[must_use]
    pub const fn on_any(self) -> Self {
        Self { scopes: &[Scope::Any], ..self }
    }

    /// The same for listeners on one address alone, be it a loopback address.
    #[must_use]
    pub const fn on_one(self) -> Self {
        Self { scopes: &[Scope::Loopback, Scope::One], ..self }
    }

    /// The same with another effect.
    #[must_use]
    pub const fn with(self, effect: &'static str) -> Self {
        Self { effect, ..self }
    }

    /// Whether it is for this.
    pub fn is_for(&self, role: Role, aim: Aim, scope: Scope) -> bool {
        self.role == role && self.aims.contains(&aim) && (self.scopes.is_empty() || self.scopes.contains(&scope))
    }
}

impl Setting {
    /// Whether it is what the remedy asks for.
    pub fn is_made_by(&self, remedy: &Remedy) -> bool {
        remedy
            .setting
            .is_some_and(|(name, value)| self.name == name && self.value.eq_ignore_ascii_case(value.as_bytes()))
    }
}
