//! The chain of causes: rules that each look at sockets and what is known of them, and say one sentence if it is true.

use std::net::IpAddr;

use super::{
    group::{Group, Kind, owner_name},
    verdict,
};
use crate::{
    flow::Family,
    sanitize::Sanitized,
    socket::{Label, State},
};

/// Something that is so, and why it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The rule that found it.
    pub rule: &'static str,
    /// A sentence.
    pub text: String,
}

/// A check and its sentence, in one: `None` where it does not hold.
type Rule = (&'static str, fn(&Group<'_>) -> Option<String>);

/// In the order in which the sentences follow from one another.
const RULES: &[Rule] = &[
    ("created-af-inet6", created_af_inet6),
    ("created-af-inet", created_af_inet),
    ("owner-hidden", owner_hidden),
    ("kernels-own", kernels_own),
    ("handed-on-by-systemd", handed_on_by_systemd),
    ("shared", shared),
    ("dual-stack", dual_stack),
    ("bound-to-one-ipv6-address", bound_to_one_ipv6_address),
    ("bound-to-mapped-address", bound_to_mapped_address),
    ("v6only-by-runtime", v6only_by_runtime),
    ("v6only-default-or-cleared", v6only_default_or_cleared),
    ("v6only-cleared", v6only_cleared),
    ("v6only-set", v6only_set),
    ("v6only-inherited-or-set", v6only_inherited_or_set),
    ("v6only-untold", v6only_untold),
    ("ipv4-listener-beside", ipv4_listener_beside),
    ("no-ipv4-listener", no_ipv4_listener),
    ("loopback-only", loopback_only),
    ("accepted", accepted),
    ("connection", connection),
    ("ipv4-on-the-wire", ipv4_on_the_wire),
    ("addrform", addrform),
    ("other-end", other_end),
    ("mptcp", mptcp),
    ("jvm-setting-in-effect", jvm_setting_in_effect),
    ("jvm-setting-not-in-effect", jvm_setting_not_in_effect),
    ("jvm-setting-misplaced", jvm_setting_misplaced),
];

/// Everything that is so of these sockets.
pub(super) fn causes(groups: &[Group<'_>]) -> Vec<Cause> {
    let of = |group| RULES.iter().filter_map(move |(rule, text)| Some(Cause { rule, text: text(group)? }));
    groups.iter().flat_map(of).collect()
}

fn created_af_inet6(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().family == Family::Inet6).then(|| {
        let by = by(group);
        format!(
            "{} {} created{by} with the family AF_INET6; netstat lists every such socket as tcp6, whatever it carries.",
            group.name(),
            group.word("was", "were"),
        )
    })
}

fn created_af_inet(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().family == Family::Inet).then(|| {
        let by = by(group);
        format!(
            "{} {} created{by} with the family AF_INET, which carries IPv4 only; netstat lists such sockets as tcp.",
            group.name(),
            group.word("was", "were"),
        )
    })
}

fn by(group: &Group<'_>) -> String {
    match group.first().owners() {
        Some([_, ..]) if verdict::by_systemd(group) => " by systemd".to_owned(),
        Some([_, ..]) => format!(" by {}", group.who()),
        _ => String::new(),
    }
}

fn owner_hidden(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_none())
        .then(|| "Which process holds it this user may not see; root may.".to_owned())
}

fn kernels_own(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().owners().is_some_and(<[_]>::is_empty)).then(|| {
        "No process holds it: it is the kernel's own, as those of NFS are, or a process's in a namespace out of reach."
            .to_owned()
    })
}

fn handed_on_by_systemd(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && verdict::by_systemd(group)).then(|| {
        format!("systemd made {} and handed {} on, so the .socket unit decides.", group.word("it", "them"), {
            group.word("it", "them")
        })
    })
}

fn shared(group: &Group<'_>) -> Option<String> {
    let holders = group.holders()?;
    let [first, _, ..] = holders.as_slice() else { return None };
    let pids: Vec<_> = holders.iter().take(5).map(|holder| holder.process.pid.to_string()).collect();
    let more = if holders.len() > pids.len() { ", …" } else { "" };
    (group.kind == Kind::Listener).then(|| {
        let name = Sanitized::Text(&first.process.name);
        format!(
            "{} processes hold {} open, beginning with {name} (PIDs {}{more}).",
            holders.len(),
            group.word("it", "them"),
            pids.join(", ")
        )
    })
}

fn dual_stack(group: &Group<'_>) -> Option<String> {
    (group.first().label == Label::DualStack).then(|| {
        format!(
            "{} {} bound to :: without IPV6_V6ONLY and {} IPv4 as well: to the program, a client 10.0.0.20 is \
             ::ffff:10.0.0.20.",
            group.it(),
            group.word("is", "are"),
            group.word("takes", "take"),
        )
    })
}

fn bound_to_one_ipv6_address(group: &Group<'_>) -> Option<String> {
    let IpAddr::V6(address) = group.first().local.ip() else { return None };
    (group.first().label == Label::Ipv6Only && !address.is_unspecified()).then(|| {
        format!(
            "{} {} bound to one IPv6 address, {address}, for which the kernel sets IPV6_V6ONLY by itself: only IPv6 \
             can come.",
            group.it(),
            group.word("is", "are"),
        )
    })
}

fn bound_to_mapped_address(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().label == Label::Ipv4OverAfInet6).then(|| {
        format!(
            "{} {} bound to the IPv4-mapped address ::ffff:{}: only IPv4 can come, and netstat says tcp6 all the same.",
            group.it(),
            group.word("is", "are"),
            group.first().local.ip(),
        )
    })
}

/// A listener on `::`, whose option decides; with what `net.ipv6.bindv6only` says now, and whether the runtime cares.
struct Option6<'a> {
    on: bool,
    default: Option<bool>,
    runtime: Option<&'a str>,
}

impl<'a> Option6<'a> {
    fn of(group: &Group<'a>) -> Option<Self> {
        let socket = group.first();
        let is_on_any = socket.local.ip().is_unspecified() && socket.family == Family::Inet6;
        let runtime = group.holder().filter(|_| !verdict::by_systemd(group)).and_then(|holder| holder.identity.runtime);
        (socket.state == State::Listen && is_on_any).then_some(())?;
        Some(Self {
            on: socket.v6only?,
            default: group.evidence.bindv6only(socket.netns),
            runtime: runtime.filter(|runtime| runtime.sets_v6only == Some(true)).map(|runtime| runtime.name),
        })
    }
}

/// `net.ipv6.bindv6only` is read by `socket()` (`inet6_create()`); what it was then need not be what it is now.
fn v6only_by_runtime(group: &Group<'_>) -> Option<String> {
    let Option6 { on, runtime: Some(runtime), .. } = Option6::of(group)? else { return None };
    let state = if on { "on" } else { "off" };
    Some(format!(
        "IPV6_V6ONLY is {state} by {runtime}'s own doing: it sets the option whatever net.ipv6.bindv6only says."
    ))
}

fn v6only_default_or_cleared(group: &Group<'_>) -> Option<String> {
    let Option6 { on: false, default: Some(false), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is off, which is the default where net.ipv6.bindv6only is 0, as it is here; whether the program has \
         cleared it as well cannot be told."
            .to_owned(),
    )
}

fn v6only_cleared(group: &Group<'_>) -> Option<String> {
    let Option6 { on: false, default: Some(true), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is off although net.ipv6.bindv6only is 1 here: the program has cleared it, or it was 0 when the socket \
         was made."
            .to_owned(),
    )
}

fn v6only_set(group: &Group<'_>) -> Option<String> {
    let Option6 { on: true, default: Some(false), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is on although net.ipv6.bindv6only is 0 here: the program has set it, or it was 1 when the socket was \
         made; only IPv6 can come."
            .to_owned(),
    )
}

fn v6only_inherited_or_set(group: &Group<'_>) -> Option<String> {
    let Option6 { on: true, default: Some(true), runtime: None } = Option6::of(group)? else { return None };
    Some(
        "IPV6_V6ONLY is on, inherited from net.ipv6.bindv6only, which is 1 in the socket's network namespace, or set by \
         the program, which cannot be told; only IPv6 can come."
            .to_owned(),
    )
}

fn v6only_untold(group: &Group<'_>) -> Option<String> {
    let Option6 { on, default: None, runtime: None } = Option6::of(group)? else { return None };
    let state = if on { "on, so only IPv6 can come" } else { "off" };
    Some(format!(
        "IPV6_V6ONLY is {state}; whether by net.ipv6.bindv6only or by the program cannot be told, as that setting of the \
         socket's network namespace cannot be read."
    ))
}

fn ipv4_listener_beside(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let beside = group.evidence.ipv4_listener_beside(socket).filter(|_| socket.label == Label::Ipv6Only)?;
    let who = match beside.owners() {
        Some([owner, ..]) => format!(" of {}", owner_name(owner)),
        _ => String::new(),
    };
    Some(match group.sockets.as_slice() {
        [_] => format!(
            "IPv4 is taken on the same port by another socket, {} on {}{who}.",
            beside.family.as_str(),
            beside.local
        ),
        _ => format!("IPv4 is taken on the same ports by other sockets, on {}{who} and others.", beside.local),
    })
}

fn no_ipv4_listener(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (group.kind == Kind::Listener
        && socket.label == Label::Ipv6Only
        && group.evidence.ipv4_listener_beside(socket).is_none())
    .then(|| {
        format!(
            "No other socket takes IPv4 on {}: the kernel refuses IPv4 clients with a reset.",
            super::group::ports(&group.ports())
        )
    })
}

fn loopback_only(group: &Group<'_>) -> Option<String> {
    (group.kind == Kind::Listener && group.first().local.ip().is_loopback()).then(|| {
        let address = group.first().local.ip();
        format!("{address} is an address of the loopback device: other machines cannot connect, IPv4 or IPv6.")
    })
}

fn accepted(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let listener = socket.listener().filter(|_| group.kind == Kind::Accepted)?;
    Some(format!(
        "{} came from the listener on {}, and a socket that is accepted has its listener's family, {}.",
        group.name(),
        listener.local,
        socket.family.as_str(),
    ))
}

fn connection(group: &Group<'_>) -> Option<String> {
    if group.kind != Kind::Connection {
        return None;
    }
    let socket = group.first();
    if group.is_one() {
        return Some(format!("{}{}: {}.", group.name(), held_by(group), socket.why()));
    }
    let how = match socket.label {
        Label::Ipv4OverAfInet6 => "AF_INET6 sockets whose peers are IPv4-mapped addresses, ::ffff:a.b.c.d",
        Label::Ipv4 => "AF_INET sockets, which carry IPv4 only",
        _ => "AF_INET6 sockets whose peers are IPv6 addresses",
    };
    Some(format!("{}{}: {how}.", group.name(), held_by(group)))
}

fn held_by(group: &Group<'_>) -> String {
    match group.first().owners() {
        Some([_, ..]) if group.is_one() => format!(" of {}", group.who()),
        _ => String::new(),
    }
}

fn ipv4_on_the_wire(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    (socket.label == Label::Ipv4OverAfInet6 && group.kind != Kind::Listener).then(|| {
        format!(
            "{} IPv4 on the wire; netstat leaves the ::ffff: of the addresses out and still says tcp6.",
            match (group.kind, group.is_one()) {
                (Kind::Accepted, true) => "The peer is IPv4, so it is",
                (Kind::Accepted, false) => "The peers are IPv4, so they are",
                (_, true) => "It is",
                (_, false) => "They are",
            }
        )
    })
}

/// `IPV6_ADDRFORM` turns a mapped `AF_INET6` socket that is connected into an `AF_INET` one (`do_ipv6_setsockopt()`).
fn addrform(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    if group.kind != Kind::Connection || socket.family != Family::Inet || socket.bound {
        return None;
    }
    let listeners: Vec<_> = group.evidence.listeners_on(socket.netns, socket.local.port()).collect();
    let is_inet6 = listeners.iter().all(|listener| listener.family == Family::Inet6);
    let takes_ipv4 = listeners.iter().any(|listener| listener.label.accepts().contains(&"IPv4"));
    (is_inet6 && takes_ipv4).then(|| {
        format!(
            "{} {} AF_INET although the listener on port {} is AF_INET6: the program has turned {} by IPV6_ADDRFORM, or \
             an AF_INET listener has been closed since.",
            group.it(),
            group.word("is", "are"),
            socket.local.port(),
            group.word("it", "them"),
        )
    })
}

fn other_end(group: &Group<'_>) -> Option<String> {
    let socket = group.first();
    let other = socket.other_end().filter(|other| group.kind == Kind::Accepted && other.family != socket.family)?;
    let who = match other.owners() {
        Some([owner, ..]) if group.is_one() => format!(" in {}", owner_name(owner)),
        _ => String::new(),
    };
    Some(format!(
        "The other {}{who} {} {}, on this machine as well: netstat lists one connection as {} and as {}.",
        group.word("end", "ends"),
        group.word("is", "are"),
        other.family.as_str(),
        other.family.netstat(),
        socket.family.netstat(),
    ))
}

/// Go's `net.ListenConfig` uses MPTCP by default since 1.24 (`GODEBUG=multipathtcp`).
fn mptcp(group: &Group<'_>) -> Option<String> {
    if !group.first().mptcp || group.kind != Kind::Listener {
        return None;
    }
    let is_go =
        group.holder().is_some_and(|holder| holder.identity.runtime.is_some_and(|runtime| runtime.name == "Go"));
    let by_default = if is_go { ", which Go does by default since 1.24 (not with GODEBUG=multipathtcp=0)" } else { "" };
    Some(format!(
        "{} MPTCP{by_default}; netstat and ss list the TCP subflow, and its family is the program's socket's.",
        group.word("The program's socket is", "The program's sockets are")
    ))
}

const PREFER_IPV4: &str = "java.net.preferIPv4Stack";

/// The JVM's setting that counts, and whether it asks for `AF_INET`.
fn jvm_setting<'a>(group: &Group<'a>) -> Option<(&'a str, bool)> {
    let identity = &group.holder()?.identity;
    let setting = identity.setting(PREFER_IPV4)?;
    (group.kind != Kind::Accepted).then_some((&setting.source, setting.value.eq_ignore_ascii_case(b"true")))
}

fn jvm_setting_in_effect(group: &Group<'_>) -> Option<String> {
    let (source, true) = jvm_setting(group)? else { return None };
    (group.first().family == Family::Inet).then(|| {
        format!("{PREFER_IPV4} is true, by {}: the JVM makes AF_INET sockets only.", Sanitized::Text(source.as_bytes()))
    })
}

fn jvm_setting_not_in_effect(group: &Group<'_>) -> Option<String> {
    let (source, true) = jvm_setting(group)? else { return None };
    (group.first().family == Family::Inet6).then(|| {
        format!(
            "{PREFER_IPV4} is true, by {}, yet {} AF_INET6: it was set too late, or the JVM did not make {}.",
            Sanitized::Text(source.as_bytes()),
            group.word("the socket is", "the sockets are"),
            group.word("it", "them"),
        )
    })
}

fn jvm_setting_misplaced(group: &Group<'_>) -> Option<String> {
    let identity = &group.holder().filter(|_| group.kind != Kind::Accepted)?.identity;
    let misplaced = identity.settings.iter().any(|setting| setting.name == PREFER_IPV4 && setting.is_misplaced());
    (misplaced && identity.setting(PREFER_IPV4).is_none()).then(|| {
        format!(
            "-D{PREFER_IPV4} stands behind -jar or the class on the command line: the JVM hands it to the program and \
             does not read it."
        )
    })
}
