//! Every rule, by its name; the verdicts; the advice. The sockets are made up, as kernels with all of them are rare.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;

use super::{Evidence, Explanation, Holder, Target, Verdict};
use crate::host::Process;
use crate::inventory::join;
use crate::model::socket::{Descriptor, Owner, Socket, State};
use crate::model::{Family, Label, Name};
use crate::page::explain_text;
use crate::runtime::{Identity, RUNTIMES, Setting};
use crate::term::Terminal;

const NETNS: u32 = 4_026_531_840;
const PID: u32 = 31_307;

/// Sockets, their processes, and a setting, before they are explained.
#[derive(Default)]
struct World {
    sockets: Vec<Socket>,
    held: Vec<Descriptor>,
    holders: BTreeMap<u32, Holder>,
    bindv6only: BTreeMap<u32, bool>,
}

fn name(text: &str) -> Name {
    let mut comm = [0; 16];
    comm[..text.len()].copy_from_slice(text.as_bytes());
    comm.into()
}

fn is_v6only(local: SocketAddr, v6only: bool) -> bool {
    // `__inet6_bind()` sets it for any other address.
    v6only || matches!(local.ip(), IpAddr::V6(address) if !address.is_unspecified())
}

impl World {
    fn bindv6only(mut self, on: bool) -> Self {
        self.bindv6only.insert(NETNS, on);
        self
    }

    /// A process, of a runtime of the table or of none.
    fn process(mut self, pid: u32, program: &str, runtime: &str) -> Self {
        let process = Process { pid, name: program.into(), ..Process::default() };
        let runtime = RUNTIMES.iter().find(|known| known.name == runtime);
        let identity = Identity { runtime, version: None, settings: Vec::new() };
        self.holders.insert(pid, Holder { process, identity });
        self
    }

    fn setting(mut self, name: &str, value: &str, source: &str) -> Self {
        let identity = &mut self.holders.get_mut(&PID).expect("a process has settings").identity;
        let misplaced = source.starts_with("an argument of the program");
        let setting = Setting { name: name.into(), value: value.into(), source: source.into(), misplaced };
        identity.settings.push(setting);
        self
    }

    fn add(mut self, owners: &[u32], socket: Socket) -> Self {
        let inode = u64::try_from(self.sockets.len()).expect("few") + 1;
        self.sockets.push(Socket { inode: NonZeroU64::new(inode), ..socket });
        for pid in owners {
            let process = self.holders.get(pid).map_or("program", |holder| {
                std::str::from_utf8(&holder.process.name).expect("the tests' names are ASCII")
            });
            self.held.push(Descriptor { inode, owner: Owner { pid: Some(*pid), process: name(process), fd: 3 } });
        }
        self
    }

    fn listener(self, family: Family, local: &str, v6only: bool) -> Self {
        self.listener_of(&[PID], family, local, v6only)
    }

    fn listener_of(self, owners: &[u32], family: Family, local: &str, v6only: bool) -> Self {
        let local: SocketAddr = local.parse().expect("an address");
        let v6only = is_v6only(local, v6only);
        let label = Label::of_listener(family, local.ip(), v6only);
        self.add(owners, Socket { state: State::Listen, peer: None, ..socket(family, label, v6only, local) })
    }

    fn connection(self, family: Family, local: &str, peer: &str) -> Self {
        self.connection_of(&[PID], family, local, peer)
    }

    fn connection_of(self, owners: &[u32], family: Family, local: &str, peer: &str) -> Self {
        let (local, peer): (SocketAddr, SocketAddr) =
            (local.parse().expect("an address"), peer.parse().expect("an address"));
        let label = Label::of_connection(family, peer.ip());
        let socket = Socket { state: State::Established, peer: Some(peer), ..socket(family, label, false, local) };
        self.add(owners, socket)
    }

    fn explain<T>(self, target: &str, look: impl FnOnce(&Explanation<'_>) -> T) -> T {
        self.explain_with(true, target, look)
    }

    fn explain_with<T>(self, all_owners: bool, target: &str, look: impl FnOnce(&Explanation<'_>) -> T) -> T {
        let sockets = join(self.sockets, &self.held, all_owners);
        let target: Target = target.parse().expect("a target");
        let selected = target.select(&sockets);
        assert!(!selected.is_empty(), "{target} means nothing");
        let evidence = Evidence { sockets: &sockets, holders: self.holders, bindv6only: self.bindv6only };
        look(&Explanation::new(target, selected, &evidence))
    }

    /// The sentence of a rule, if it holds.
    fn cause(self, target: &str, rule: &str) -> Option<String> {
        self.explain(target, |explanation| {
            explanation.causes.iter().find(|cause| cause.rule == rule).map(|cause| cause.text.clone())
        })
    }

    fn verdict(self, target: &str) -> Verdict {
        self.explain(target, |explanation| explanation.verdict.clone())
    }
}

fn socket(family: Family, label: Label, v6only: bool, local: SocketAddr) -> Socket {
    Socket {
        state: State::Listen,
        family,
        label,
        v6only: (family == Family::Inet6).then_some(v6only),
        mptcp: false,
        bound: false,
        local,
        peer: None,
        uid: Some(0),
        inode: None,
        netns: NETNS,
        cookie: None,
    }
}

fn java() -> World {
    World::default().bindv6only(false).process(PID, "java", "Java")
}

fn unknown() -> World {
    World::default().bindv6only(false).process(PID, "server", "")
}

/// The three lines of the question.
fn question() -> World {
    java()
        .listener(Family::Inet6, "[::]:4243", false)
        .connection(Family::Inet6, "10.0.0.19:4243", "10.0.0.20:53512")
        .connection(Family::Inet6, "10.0.0.19:50514", "10.0.0.21:80")
}

/// Asserts that a rule holds, that its sentence has these words, and that it does not hold for sockets without them.
#[track_caller]
fn assert_says(world: World, target: &str, rule: &str, words: &[&str]) {
    let text = world.cause(target, rule).unwrap_or_else(|| panic!("{rule} does not hold"));
    for word in words {
        assert!(text.contains(word), "{rule} says nothing of {word}: {text}");
    }
    assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
}

#[test]
fn the_question_is_answered() {
    question().explain(&PID.to_string(), |explanation| {
        let Verdict { accepts_ipv4, accepts_ipv6, problem, text } = &explanation.verdict;
        assert_eq!((*accepts_ipv4, *accepts_ipv6, *problem), (Some(true), Some(true), false));
        assert!(text.starts_with("java (PID 31307) accepts IPv4 as well as IPv6 on port 4243"), "{text}");
        let rules: Vec<_> = explanation.causes.iter().map(|cause| cause.rule).collect();
        let chain = [
            "created-af-inet6",
            "dual-stack",
            "v6only-by-runtime",
            "accepted",
            "ipv4-on-the-wire",
            "connection",
            "ipv4-on-the-wire",
        ];
        assert_eq!(rules, chain);
        assert!(explanation.remedies[0].what.contains("preferIPv4Stack=true"));
        assert!(explanation.no_remedies.iter().any(|advice| advice.how.contains("server.address=0.0.0.0")));
    });
}

#[test]
fn created_af_inet6() {
    let world = unknown().listener(Family::Inet6, "[::]:80", false);
    assert_says(world, ":80", "created-af-inet6", &["[::]:80", "server (PID 31307)", "AF_INET6", "tcp6"]);
    assert_eq!(unknown().listener(Family::Inet, "0.0.0.0:80", false).cause(":80", "created-af-inet6"), None);
}

#[test]
fn created_af_inet() {
    let world = unknown().listener(Family::Inet, "0.0.0.0:80", false);
    assert_says(world, ":80", "created-af-inet", &["0.0.0.0:80", "server (PID 31307)", "AF_INET,"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", false).cause(":80", "created-af-inet"), None);
}

#[test]
fn owner_hidden() {
    let hidden = World::default().listener_of(&[], Family::Inet6, "[::]:80", false);
    hidden.explain_with(false, ":80", |explanation| {
        assert!(explanation.causes.iter().any(|cause| cause.rule == "owner-hidden"));
        assert!(explanation.processes.is_empty());
    });
    assert_eq!(question().cause(":4243", "owner-hidden"), None);
}

#[test]
fn kernels_own() {
    let nfs = World::default().listener_of(&[], Family::Inet6, "[::]:2049", false);
    assert_says(nfs, ":2049", "kernels-own", &["kernel's own"]);
    assert_eq!(question().cause(":4243", "kernels-own"), None);
}

#[test]
fn handed_on_by_systemd() {
    let world = || unknown().process(1, "systemd", "").listener_of(&[1, PID], Family::Inet6, "[::]:80", false);
    assert_says(world(), ":80", "handed-on-by-systemd", &["systemd", ".socket unit"]);
    world().explain(":80", |explanation| {
        assert!(explanation.remedies[0].what.contains("ListenStream=0.0.0.0:80"));
        assert!(explanation.no_remedies[0].what.contains("service's own settings"));
    });
    assert_eq!(question().cause(":4243", "handed-on-by-systemd"), None);
}

#[test]
fn a_program_that_calls_itself_systemd_is_not() {
    let world = World::default().process(PID, "systemd", "").listener(Family::Inet6, "[::]:80", false);
    assert_eq!(world.cause(":80", "handed-on-by-systemd"), None);
}

#[test]
fn shared() {
    let pids = [PID, PID + 1, PID + 2];
    let world = pids.iter().fold(unknown(), |world, pid| world.process(*pid, "nginx", "nginx"));
    let world = world.listener_of(&pids, Family::Inet, "0.0.0.0:80", false);
    assert_says(world, ":80", "shared", &["3 processes", "nginx", "31307, 31308, 31309"]);
    assert_eq!(question().cause(":4243", "shared"), None);
}

#[test]
fn dual_stack() {
    assert_says(question(), ":4243", "dual-stack", &["::", "IPV6_V6ONLY", "::ffff:10.0.0.20"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", true).cause(":80", "dual-stack"), None);
}

#[test]
fn bound_to_one_ipv6_address() {
    let world = unknown().listener(Family::Inet6, "[::1]:80", false);
    assert_says(world, ":80", "bound-to-one-ipv6-address", &["::1", "the kernel sets IPV6_V6ONLY by itself"]);
    assert_eq!(unknown().listener(Family::Inet6, "[::]:80", true).cause(":80", "bound-to-one-ipv6-address"), None);
}

#[test]
fn bound_to_mapped_address() {
    let world = unknown().listener(Family::Inet6, "127.0.0.1:80", false);
    assert_says(world, ":80", "bound-to-mapped-address", &["::ffff:127.0.0.1", "only IPv4"]);
    assert_eq!(unknown().listener(Family::Inet, "127.0.0.1:80", false).cause(":80", "bound-to-mapped-address"), None);
}

/// The rules on `IPV6_V6ONLY` and which of them holds: one, for every listener on `::`.
#[track_caller]
fn assert_v6only(default: Option<bool>, runtime: &str, on: bool, expected: &str, words: &[&str]) {
    let world = || {
        let world = World { bindv6only: default.map(|on| (NETNS, on)).into_iter().collect(), ..World::default() };
        world.process(PID, "server", runtime).listener(Family::Inet6, "[::]:80", on)
    };
    world().explain(":80", |explanation| {
        let rules: Vec<_> =
            explanation.causes.iter().map(|cause| cause.rule).filter(|rule| rule.starts_with("v6only")).collect();
        assert_eq!(rules, [expected], "{default:?} {runtime} {on}");
    });
    assert_says(world(), ":80", expected, words);
}

#[test]
fn v6only_by_runtime() {
    assert_v6only(Some(false), "Java", false, "v6only-by-runtime", &["off", "Java's own doing"]);
    assert_v6only(Some(true), "nginx", true, "v6only-by-runtime", &["on", "nginx's own doing"]);
    assert_v6only(None, "Node.js", false, "v6only-by-runtime", &["Node.js"]);
}

#[test]
fn v6only_default_or_cleared() {
    assert_v6only(Some(false), "", false, "v6only-default-or-cleared", &["cannot be told"]);
    assert_v6only(Some(false), "Python", false, "v6only-default-or-cleared", &["cannot be told"]);
}

#[test]
fn v6only_cleared() {
    assert_v6only(Some(true), "", false, "v6only-cleared", &["although net.ipv6.bindv6only is 1", "cleared it"]);
}

#[test]
fn v6only_set() {
    assert_v6only(Some(false), "", true, "v6only-set", &["although net.ipv6.bindv6only is 0", "has set it"]);
}

#[test]
fn v6only_inherited_or_set() {
    assert_v6only(Some(true), "", true, "v6only-inherited-or-set", &["inherited", "cannot be told"]);
}

#[test]
fn v6only_untold() {
    assert_v6only(None, "", true, "v6only-untold", &["on", "cannot be told"]);
    assert_v6only(None, "", false, "v6only-untold", &["off", "cannot be told"]);
}

#[test]
fn nothing_is_said_of_v6only_where_the_address_decides() {
    for (family, local) in [(Family::Inet6, "[::1]:80"), (Family::Inet6, "127.0.0.1:80"), (Family::Inet, "0.0.0.0:80")]
    {
        unknown().listener(family, local, false).explain(":80", |explanation| {
            assert!(explanation.causes.iter().all(|cause| !cause.rule.starts_with("v6only")), "{local}");
        });
    }
}

#[test]
fn ipv4_listener_beside() {
    let world = || {
        World::default()
            .bindv6only(false)
            .process(PID, "nginx", "nginx")
            .listener(Family::Inet, "0.0.0.0:80", false)
            .listener(Family::Inet6, "[::]:80", true)
    };
    assert_says(world(), ":80", "ipv4-listener-beside", &["AF_INET on 0.0.0.0:80 of nginx (PID 31307)"]);
    assert_eq!(world().cause(":80", "no-ipv4-listener"), None);
    let verdict = world().verdict(":80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (Some(true), Some(true), false));
    assert!(verdict.text.contains("with a socket for each"), "{}", verdict.text);
}

#[test]
fn a_listener_on_loopback_does_not_help_one_on_every_address() {
    let world = unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::]:80", true);
    assert!(world.cause(":80", "no-ipv4-listener").is_some());
    let world = unknown().listener(Family::Inet, "127.0.0.1:80", false).listener(Family::Inet6, "[::1]:80", true);
    assert!(world.cause(":80", "ipv4-listener-beside").is_some());
}

#[test]
fn no_ipv4_listener() {
    let world = || unknown().listener(Family::Inet6, "[::]:80", true);
    assert_says(world(), ":80", "no-ipv4-listener", &["port 80", "refuses"]);
    let verdict = world().verdict(":80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (Some(false), Some(true), true));
    assert!(verdict.text.contains("refuses IPv4 on port 80"), "{}", verdict.text);
}

#[test]
fn loopback_only() {
    for (family, local) in
        [(Family::Inet, "127.0.0.1:80"), (Family::Inet6, "[::1]:80"), (Family::Inet6, "127.0.0.1:80")]
    {
        assert_says(unknown().listener(family, local, false), ":80", "loopback-only", &["other machines cannot"]);
    }
    assert_eq!(question().cause(":4243", "loopback-only"), None);
}

#[test]
fn accepted() {
    assert_says(question(), ":4243", "accepted", &["10.0.0.20:53512", "[::]:4243", "AF_INET6"]);
    assert_eq!(question().cause("10.0.0.21:80", "accepted"), None);
}

#[test]
fn connection() {
    assert_says(question(), "10.0.0.21:80", "connection", &["10.0.0.21:80", "java (PID 31307)", "::ffff:10.0.0.21"]);
    assert_eq!(question().cause(":4243", "connection"), None);
}

#[test]
fn ipv4_on_the_wire() {
    assert_says(question(), "10.0.0.21:80", "ipv4-on-the-wire", &["IPv4", "tcp6"]);
    let native = unknown().connection(Family::Inet6, "[2001:db8::1]:50514", "[2001:db8::2]:80");
    assert_eq!(native.cause(":50514", "ipv4-on-the-wire"), None);
}

#[test]
fn addrform() {
    let turned = || {
        unknown().listener(Family::Inet6, "[::]:80", false).connection(Family::Inet, "10.0.0.19:80", "10.0.0.20:53512")
    };
    assert_says(turned(), "10.0.0.20:53512", "addrform", &["IPV6_ADDRFORM", "port 80"]);
    let listener_there = turned().listener(Family::Inet, "0.0.0.0:80", false);
    assert_eq!(listener_there.cause("10.0.0.20:53512", "addrform"), None);
    let v6only =
        unknown().listener(Family::Inet6, "[::]:80", true).connection(Family::Inet, "10.0.0.19:80", "10.0.0.20:53512");
    assert_eq!(v6only.cause("10.0.0.20:53512", "addrform"), None);
}

#[test]
fn other_end() {
    let world = unknown()
        .process(7, "nc", "")
        .listener(Family::Inet6, "[::]:80", false)
        .connection(Family::Inet6, "127.0.0.1:80", "127.0.0.1:53512")
        .connection_of(&[7], Family::Inet, "127.0.0.1:53512", "127.0.0.1:80");
    assert_says(world, ":80", "other-end", &["nc (PID 7)", "AF_INET", "as tcp and as tcp6"]);
    assert_eq!(question().cause(":4243", "other-end"), None);
}

#[test]
fn mptcp() {
    let world = |runtime| {
        let local = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 80));
        let socket = Socket { mptcp: true, ..socket(Family::Inet6, Label::DualStack, false, local) };
        World::default().bindv6only(false).process(PID, "server", runtime).add(&[PID], socket)
    };
    assert_says(world("Go"), ":80", "mptcp", &["MPTCP", "since 1.24", "GODEBUG=multipathtcp=0"]);
    assert!(!world("").cause(":80", "mptcp").expect("it is MPTCP").contains("Go"));
    assert_eq!(question().cause(":4243", "mptcp"), None);
}

const PREFER: &str = "java.net.preferIPv4Stack";

#[test]
fn jvm_setting_in_effect() {
    let world = || java().setting(PREFER, "true", "JAVA_TOOL_OPTIONS").listener(Family::Inet, "0.0.0.0:80", false);
    assert_says(world(), ":80", "jvm-setting-in-effect", &[PREFER, "JAVA_TOOL_OPTIONS"]);
    assert_eq!(world().cause(":80", "jvm-setting-not-in-effect"), None);
}

#[test]
fn jvm_setting_not_in_effect() {
    let world = || java().setting(PREFER, "true", "the command line").listener(Family::Inet6, "[::]:80", false);
    assert_says(world(), ":80", "jvm-setting-not-in-effect", &[PREFER, "the command line", "too late"]);
    assert_eq!(world().cause(":80", "jvm-setting-in-effect"), None);
    let overridden = world().setting(PREFER, "false", "_JAVA_OPTIONS");
    assert_eq!(overridden.cause(":80", "jvm-setting-not-in-effect"), None, "the last one wins");
}

#[test]
fn jvm_setting_misplaced() {
    let source = "an argument of the program, behind its name: the JVM does not read it";
    let world = java().setting(PREFER, "true", source).listener(Family::Inet6, "[::]:80", false);
    assert_says(world, ":80", "jvm-setting-misplaced", &[PREFER, "behind -jar"]);
    assert_eq!(question().cause(":4243", "jvm-setting-misplaced"), None);
}

#[test]
fn ports_that_differ_are_told_apart() {
    let world = unknown()
        .listener(Family::Inet6, "[::]:8080", false)
        .listener(Family::Inet6, "[::]:8081", false)
        .listener(Family::Inet6, "[::]:9000", true)
        .listener(Family::Inet, "0.0.0.0:22", false);
    let verdict = world.verdict(&PID.to_string());
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (None, None, true));
    for words in ["refuses IPv4 on port 9000", "on ports 8080 and 8081, with one socket", "IPv4 only on port 22"] {
        assert!(verdict.text.contains(words), "{}", verdict.text);
    }
}

#[test]
fn connections_alone_neither_accept_nor_refuse() {
    let verdict = question().verdict("10.0.0.21:80");
    assert_eq!((verdict.accepts_ipv4, verdict.accepts_ipv6, verdict.problem), (None, None, false));
    assert!(verdict.text.contains("tcp6 is no problem"), "{}", verdict.text);
}

#[test]
fn an_af_inet_listener_needs_no_advice() {
    unknown().listener(Family::Inet, "0.0.0.0:80", false).explain(":80", |explanation| {
        assert!(explanation.remedies.is_empty() && explanation.no_remedies.is_empty());
        assert!(explanation.verdict.text.contains("nothing here is tcp6"), "{}", explanation.verdict.text);
    });
}

#[test]
fn advice_is_for_the_runtime_and_the_port() {
    let advice = |runtime: &str, v6only: bool| {
        let world = World::default().process(PID, "server", runtime).listener(Family::Inet6, "[::]:8443", v6only);
        world.explain(":8443", |explanation| explanation.remedies[0].clone())
    };
    assert!(advice("Go", false).how.contains("net.Listen(\"tcp4\", \":8443\")"));
    assert!(advice("nginx", true).how.contains("listen 8443;"));
    assert!(!advice("Go", false).effect.contains("by the book"));
    assert!(advice("PostgreSQL", true).effect.contains("by the book, not tried: PostgreSQL Documentation"));
    assert!(advice("", false).what.contains("0.0.0.0"));
}

#[test]
fn many_sockets_of_a_kind_are_one_cause() {
    let mut world = java().listener(Family::Inet6, "[::]:80", false);
    for number in 0..500_u16 {
        let peer = SocketAddr::new(Ipv4Addr::new(10, 0, 0, 20).into(), 10_000 + number).to_string();
        world = world.connection(Family::Inet6, "10.0.0.19:80", &peer);
    }
    world.explain(&PID.to_string(), |explanation| {
        assert_eq!(explanation.sockets.len(), 501);
        let accepted: Vec<_> = explanation.causes.iter().filter(|cause| cause.rule == "accepted").collect();
        assert_eq!(accepted.len(), 1);
        assert!(accepted[0].text.starts_with("The 500 connections on port 80 from IPv4 peers"), "{}", accepted[0].text);
    });
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let world = World::default().process(PID, "\x1b[2Jevil", "").listener(Family::Inet6, "[::]:80", false);
    world.explain(":80", |explanation| {
        let texts = explanation.causes.iter().map(|cause| &cause.text).chain([&explanation.verdict.text]);
        assert!(texts.clone().any(|text| text.contains(r"\x1b[2Jevil")), "{:?}", texts.collect::<Vec<_>>());
        assert!(texts.clone().all(|text| text.chars().all(|character| !character.is_control())));
    });
}

#[test]
fn an_address_finds_the_listener_that_takes_it() {
    let world = || unknown().listener(Family::Inet6, "[::]:80", false).listener(Family::Inet, "127.0.0.1:80", false);
    let locals = |target: &str| {
        world().explain(target, |explanation| {
            explanation.sockets.iter().map(|socket| socket.local.to_string()).collect::<Vec<_>>()
        })
    };
    assert_eq!(locals("127.0.0.1:80"), ["127.0.0.1:80"], "the one bound to it");
    assert_eq!(locals("10.0.0.19:80"), ["[::]:80"], "the one for any address");
    assert_eq!(locals("[2001:db8::1]:80"), ["[::]:80"]);
}

#[test]
fn a_connection_brings_its_listener() {
    question().explain("10.0.0.20:53512", |explanation| {
        let states: Vec<_> = explanation.sockets.iter().map(|socket| socket.state.as_str()).collect();
        assert_eq!(states, ["LISTEN", "ESTABLISHED"]);
        let Verdict { accepts_ipv4, text, .. } = &explanation.verdict;
        assert_eq!(*accepts_ipv4, Some(true));
        assert!(text.starts_with("The connection is IPv4, over a socket that is AF_INET6"), "{text}");
    });
}

#[test]
fn text_fits_the_terminal() {
    for width in [60, 80, 100, 200] {
        question().explain(&PID.to_string(), |explanation| {
            let terminal = Terminal { color: false, width: Some(width) };
            let text = String::from_utf8(explain_text(explanation, terminal)).expect("it is UTF-8");
            let table = text.lines().skip_while(|line| !line.starts_with("PROTO")).take_while(|line| !line.is_empty());
            let table = table.count();
            let prose = text.lines().filter(|line| !line.starts_with("PROTO") && !line.starts_with("tcp"));
            for line in prose {
                let columns = line.chars().count();
                assert!(columns <= usize::from(width.min(100)), "{width}: {columns} columns: {line}");
            }
            assert!(table > 3, "the three sockets:\n{text}");
        });
    }
}
