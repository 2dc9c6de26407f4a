//! The chain of causes: rules that each look at sockets and what is known of them, and say one sentence if it is true.

mod connection;
mod listener;
mod setting;
mod v6only;

use super::group::Group;

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
    ("created-af-inet6", listener::created_af_inet6),
    ("created-af-inet", listener::created_af_inet),
    ("owner-hidden", listener::owner_hidden),
    ("kernels-own", listener::kernels_own),
    ("handed-on-by-systemd", listener::handed_on_by_systemd),
    ("handed-on", listener::handed_on),
    ("shared", listener::shared),
    ("dual-stack", listener::dual_stack),
    ("bound-to-one-ipv6-address", listener::bound_to_one_ipv6_address),
    ("bound-to-mapped-address", listener::bound_to_mapped_address),
    ("v6only-by-runtime", v6only::by_runtime),
    ("v6only-default-or-cleared", v6only::default_or_cleared),
    ("v6only-cleared", v6only::cleared),
    ("v6only-set", v6only::set),
    ("v6only-inherited", v6only::inherited),
    ("v6only-inherited-or-set", v6only::inherited_or_set),
    ("v6only-unknown", v6only::unknown),
    ("ipv4-listener-beside", listener::ipv4_listener_beside),
    ("ipv4-listener-of-another-program", listener::ipv4_listener_of_another_program),
    ("no-ipv4-listener", listener::no_ipv4_listener),
    ("loopback-only", listener::loopback_only),
    ("bound-to-device", listener::bound_to_device),
    ("mptcp", listener::mptcp),
    ("accepted", connection::accepted),
    ("listener-gone", connection::listener_gone),
    ("connection", connection::connection),
    ("ipv4-on-the-wire", connection::ipv4_on_the_wire),
    ("addrform", connection::addrform),
    ("other-end", connection::other_end),
    ("setting-in-effect", setting::in_effect),
    ("setting-without-effect", setting::without_effect),
    ("setting-misplaced", setting::misplaced),
];

/// Everything that is so of these sockets, each sentence once.
pub(super) fn causes(groups: &[Group<'_>]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for group in groups {
        for (rule, text) in RULES {
            let cause = text(group).map(|text| Cause { rule, text });
            causes.extend(cause.filter(|cause| !causes.contains(cause)));
        }
    }
    causes
}
