//! What would change the family of this program's sockets, and what people try that would not.

mod fill;
mod handed_on;

use self::fill::Fill;
use self::handed_on::HANDED_ON;
use super::evidence::{Evidence, HandedOn, Holder};
use super::group::{Group, Kind};
use super::service::{Service, Services, Takes};
use crate::model::socket::Entry;
use crate::model::{Label, Sanitized};
use crate::runtime::{ANY, Aim, Remedy, Role, Runtime, SYSTEMD_SOCKET, Scope, Tier};

/// Something to do, or not to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is for.
    pub aim: Aim,
    /// What to do.
    pub what: String,
    /// Where and how.
    pub how: String,
    /// What comes of it.
    pub effect: String,
}

/// What helps, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Advices {
    pub(super) remedies: Vec<Advice>,
    pub(super) no_remedies: Vec<Advice>,
}

/// All advice for these sockets, without repetition.
pub(super) fn advices<'a>(services: &Services<'a>, groups: &[Group<'a>], evidence: &'a Evidence<'a>) -> Advices {
    let mut all = Advices::default();
    for service in &services.all {
        let program = Program::of(service.listeners[0], evidence);
        if service.rival().is_some() {
            add(&mut all.remedies, one_program());
        }
        for &aim in aims(service) {
            program.advise(&mut all, Role::Listen, aim, service.scope(), &Fill::new(service, evidence), Some(service));
        }
    }
    let connected = groups.iter().filter(|group| group.kind == Kind::Connection && group.first().has_connected());
    for group in connected.filter(|group| group.first().label == Label::Ipv4OverAfInet6) {
        let program = Program::of(group.first(), evidence);
        program.advise(&mut all, Role::Connect, Aim::Ipv4Only, Scope::Any, &Fill::default(), None);
    }
    all
}

/// What a user may want from a service, the most likely first.
fn aims(service: &Service<'_>) -> &'static [Aim] {
    let takes = match &service.other {
        // Another process of the program takes the version that this one does not.
        Some(other) if other.is_same_program => Takes::Both,
        // Another program takes it, so no setting of this program helps.
        Some(_) => return &[],
        None => service.takes(),
    };
    match takes {
        Takes::Ipv6 => &[Aim::Both, Aim::Ipv4Only],
        Takes::Ipv4 if service.is_tcp6() => &[Aim::Ipv4Only, Aim::Both, Aim::Ipv6Only],
        Takes::Ipv4 => &[Aim::Both, Aim::Ipv6Only],
        Takes::Both => &[Aim::Ipv4Only, Aim::Ipv6Only],
        Takes::Nothing if service.is_tcp6() => &[Aim::Ipv4Only, Aim::Both],
        Takes::Nothing => &[],
    }
}

/// What to do where two programs have the same port.
fn one_program() -> Advice {
    Advice {
        aim: Aim::Both,
        what: "one program for the port".to_owned(),
        how: "stop one of the two, or give it another port".to_owned(),
        effect: "the other can take IPv4 and IPv6".to_owned(),
    }
}

/// The program that decides about sockets.
struct Program<'a> {
    runtime: &'static Runtime,
    /// The process that has its settings, unless another made its sockets.
    holder: Option<&'a Holder>,
}

impl<'a> Program<'a> {
    fn of(socket: Entry<'a>, evidence: &'a Evidence<'_>) -> Self {
        match evidence.handed_on(socket) {
            Some(HandedOn::BySystemd) => Self { runtime: &SYSTEMD_SOCKET, holder: None },
            Some(HandedOn::ByAnother) => Self { runtime: &HANDED_ON, holder: None },
            None => {
                let holder = evidence.holder_of(socket);
                let runtime = holder.and_then(|holder| holder.identity.runtime).unwrap_or(&ANY);
                Self { runtime, holder }
            }
        }
    }

    fn advise(
        &self,
        all: &mut Advices,
        role: Role,
        aim: Aim,
        scope: Scope,
        fill: &Fill,
        service: Option<&Service<'_>>,
    ) {
        let is_meant = |remedy: &&Remedy| remedy.is_for(role, aim, scope);
        // The program's own remedies may be only for listeners on any address. They would open this one to more addresses.
        // Where even those are missing, the program may have no way: nothing is said.
        let is_of_any = role == Role::Connect || scope != Scope::Any || std::ptr::eq(self.runtime, &raw const ANY);
        if is_of_any && !self.runtime.remedies.iter().any(|remedy| is_meant(&remedy)) {
            let any = Program { runtime: &ANY, holder: None };
            ANY.remedies
                .iter()
                .filter(is_meant)
                .for_each(|remedy| add(&mut all.remedies, any.advice(remedy, aim, fill)));
        }
        let is_decided_by_sysctl = service.is_some_and(|service| match aim {
            Aim::Both => service.takes() == Takes::Ipv6,
            Aim::Ipv6Only => service.is_dual_stack(),
            Aim::Ipv4Only => false,
        });
        let sysctls = if is_decided_by_sysctl { self.runtime.sysctls() } else { &[] };
        for remedy in self.runtime.remedies.iter().chain(sysctls).filter(is_meant) {
            match self.had_no_effect(remedy, service) {
                Some(effect) => add(&mut all.no_remedies, Advice { effect, ..self.advice(remedy, aim, fill) }),
                None => add(&mut all.remedies, self.advice(remedy, aim, fill)),
            }
        }
        let sysctls: Vec<_> = self.runtime.useless_sysctls().collect();
        for remedy in self.runtime.useless.iter().chain(&sysctls).filter(is_meant) {
            add(&mut all.no_remedies, self.advice(remedy, aim, fill));
        }
    }

    fn advice(&self, remedy: &Remedy, aim: Aim, fill: &Fill) -> Advice {
        let source = match self.runtime.tier {
            Tier::Proven(_) => String::new(),
            Tier::ByTheBook(book) => format!(" (by the book, not tried: {book})"),
        };
        Advice {
            aim,
            what: fill.fill(remedy.what),
            how: fill.fill(remedy.how),
            effect: fill.fill(remedy.effect) + &source,
        }
    }

    /// Says that the program has this setting already, and that it had no effect; `None` where that is not so.
    fn had_no_effect(&self, remedy: &Remedy, service: Option<&Service<'_>>) -> Option<String> {
        let setting = self.holder?.identity.asked_for_ipv4().filter(|setting| setting.is_made_by(remedy))?;
        let source = Sanitized::Text(setting.source.as_bytes());
        service
            .is_none_or(Service::is_tcp6)
            .then(|| format!("it is set already, by {source}, and had no effect on these sockets"))
    }
}

fn add(list: &mut Vec<Advice>, advice: Advice) {
    if !list.contains(&advice) {
        list.push(advice);
    }
}
