//! Each program that is called proven: what it does as it comes and under the sysctls, what each remedy makes of it, and
//! what comes of everything that people try in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use sockwhy::runtime::{Aim, Becomes, Remedy, Role, Runtime, Scope, Tier, runtimes};

use crate::answer::{Answer, explain};
use crate::network::{self, Network};
use crate::outcome::{Outcome, Stop, trial};
use crate::server::{Folder, PORT, Ready, Server, Sysctl};
use crate::{host, programs};

/// A program, how to run it, and what it should do.
pub(crate) struct Case {
    /// As sockwhy calls it.
    pub(crate) name: &'static str,
    /// The program that has to be installed.
    pub(crate) program: &'static str,
    pub(crate) ready: Ready,
    /// A command that starts it so.
    pub(crate) start: fn(&Folder, &[&str]) -> Outcome<Command>,
    /// Listeners on any address, as it comes or is usually told to make them.
    pub(crate) usual: State,
    /// Other ways in which it comes.
    pub(crate) others: &'static [State],
    /// Every remedy of the entry, and everything that is useless, followed.
    pub(crate) changes: &'static [Change],
    /// How it connects.
    pub(crate) connects: &'static [Connect],
}

/// A way to start it, and its listeners.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) arguments: &'static [&'static str],
    /// As [`network::listeners`] has them; none where it does not start.
    pub(crate) listeners: &'static [&'static str],
}

/// Advice, by what the entry says is to be done, followed.
pub(crate) struct Change {
    pub(crate) what: &'static str,
    pub(crate) from: State,
    pub(crate) to: State,
}

/// A connection to IPv4.
pub(crate) struct Connect {
    /// `PORT` stands for the port of the test's listener.
    pub(crate) arguments: &'static [&'static str],
    pub(crate) label: &'static str,
    /// The advice that leads from the first to this one.
    pub(crate) what: Option<&'static str>,
}

/// What most programs have: they say nothing, and need no more than the rest.
pub(crate) const SERVER: Case = Case {
    name: "",
    program: "",
    ready: Ready::Answers,
    start: |_, _| Err(Stop::failed("how to start it is not said")),
    usual: state(&[], NONE),
    others: &[],
    changes: &[],
    connects: &[],
};

pub(crate) const fn state(arguments: &'static [&'static str], listeners: &'static [&'static str]) -> State {
    State { arguments, listeners }
}

pub(crate) const fn change(what: &'static str, from: State, to: State) -> Change {
    Change { what, from, to }
}

pub(crate) const DUAL: &[&str] = &["*"];
pub(crate) const ANY4: &[&str] = &["0.0.0.0"];
pub(crate) const ANY6: &[&str] = &["[::]"];
pub(crate) const PAIR: &[&str] = &["0.0.0.0", "[::]"];
pub(crate) const LOOPBACK4: &[&str] = &["127.0.0.1"];
pub(crate) const LOOPBACK6: &[&str] = &["[::1]"];
pub(crate) const LOOPBACK: &[&str] = &["127.0.0.1", "[::1]"];
pub(crate) const ONE4: &[&str] = &["10.99.0.1"];
pub(crate) const ONE6: &[&str] = &["[fd00:99::1]"];
pub(crate) const ONE: &[&str] = &["10.99.0.1", "[fd00:99::1]"];
/// It does not start.
pub(crate) const NONE: &[&str] = &[];

/// A test of each program.
pub(crate) fn trials() -> Vec<Trial> {
    let of = |case: &'static Case| {
        trial(format!("programs::{}", case.name), move || {
            host::require_program(case.program)?;
            // The witness of its listeners; the guests have none.
            host::require_program("ss")?;
            case.test()
        })
    };
    let proven = trial("programs::what_is_proven_is_tested".to_owned(), what_is_proven_is_tested);
    programs::cases().map(of).chain([proven]).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it is a test like the others")]
fn what_is_proven_is_tested() -> Outcome {
    let proven: BTreeSet<_> =
        runtimes().filter(|runtime| matches!(runtime.tier, Tier::Proven(_))).map(|runtime| runtime.name).collect();
    let tested: BTreeSet<_> = programs::cases().map(|case| case.name).collect();
    assert_eq!(proven, tested);
    Ok(())
}

/// Answers by how the program was started, so that each way is tried once.
type Answers = BTreeMap<&'static [&'static str], Option<Answer>>;

impl Case {
    fn test(&self) -> Outcome {
        let entry = runtimes().find(|runtime| runtime.name == self.name).expect("every case has its entry");
        let mut answers = Answers::new();
        for state in [&[self.usual], self.others].concat() {
            self.look(state, &mut answers)?;
        }
        self.sysctl(entry.bindv6only, "ipv6/bindv6only")?;
        self.sysctl(entry.disable_ipv6, "ipv6/conf/all/disable_ipv6")?;
        for change in self.changes {
            self.follow(change, entry, &mut answers)?;
        }
        self.connects(entry)?;
        self.assert_complete(entry);
        Ok(())
    }

    /// Starts it, asserts that its listeners are as they should be, and keeps the answer.
    fn look<'a>(&self, state: State, answers: &'a mut Answers) -> Outcome<&'a Option<Answer>> {
        if !answers.contains_key(state.arguments) {
            let answer = self.answer(state.arguments, state.listeners, None).map_err(|stop| match stop {
                Stop::Failed(message) => Stop::Failed(format!("{:?}: {message}", state.arguments)),
                Stop::Skipped(_) => stop,
            })?;
            answers.insert(state.arguments, answer);
        }
        Ok(&answers[state.arguments])
    }

    /// What sockwhy answers; nothing where the program does not start.
    fn answer(&self, arguments: &[&str], listeners: &[&str], sysctl: Option<&str>) -> Outcome<Option<Answer>> {
        let folder = Folder::make()?;
        let network = Network::new()?;
        let _set = sysctl.map(|path| Sysctl::set(path, "1")).transpose()?;
        let mut command = (self.start)(&folder, arguments)?;
        if listeners.is_empty() {
            Server::fail(&mut command)?;
            return Ok(None);
        }
        let server = Server::start(&mut command, self.ready)?;
        let answer = explain(format!(":{PORT}"))?;
        assert_eq!(network::listeners(PORT)?, listeners, "{arguments:?} {sysctl:?}");
        assert_eq!(answer.listeners(), listeners, "{arguments:?} {sysctl:?}");
        assert_eq!(answer.runtime(), Some(self.name), "{}", answer.0);
        answer.assert_true_of(PORT);
        // Some take seconds to end by themselves.
        drop((network, server));
        Ok(Some(answer))
    }

    /// What the entry says of a sysctl.
    fn sysctl(&self, becomes: Becomes, path: &str) -> Outcome {
        let listeners = match becomes {
            Becomes::Same => self.usual.listeners.to_vec(),
            Becomes::Ipv4 if self.usual.listeners == DUAL => ANY4.to_vec(),
            Becomes::Ipv4 => self.usual.listeners.iter().copied().filter(|address| !address.starts_with('[')).collect(),
            Becomes::Ipv6Only => ANY6.to_vec(),
            Becomes::Pair => PAIR.to_vec(),
            Becomes::Failure => NONE.to_vec(),
            Becomes::Unknown => return Ok(()),
        };
        self.answer(self.usual.arguments, &listeners, Some(path)).map_err(|stop| match stop {
            Stop::Failed(message) => Stop::Failed(format!("{path}: {message}")),
            Stop::Skipped(_) => stop,
        })?;
        Ok(())
    }

    fn follow(&self, change: &Change, entry: &'static Runtime, answers: &mut Answers) -> Outcome {
        let Change { what, from, to } = change;
        let is_meant = |remedy: &&Remedy| remedy.what == *what && remedy.role == Role::Listen;
        let scope = scope(from.listeners);
        let advice = |remedy: &Remedy| fill(remedy.what, PORT, scope);
        let is_said = |remedy: &Remedy, argument: &str| {
            // An address in the advice stands for one of the host's.
            let text = format!("{} {}", remedy.what, remedy.how).replace("10.0.0.20", &network::IPV4.to_string());
            fill(&text, PORT, scope).contains(argument.trim_start_matches("--"))
        };
        if let Some(remedy) = entry.remedies.iter().find(is_meant) {
            let aim = remedy.aims[0];
            assert!(remedy.is_for(Role::Listen, aim, scope), "{what}: not for these listeners");
            assert!(serves(to.listeners, aim), "{what} makes of it {:?}", to.listeners);
            // What narrows it says so.
            let keeps_scope = self::scope(to.listeners) == scope || remedy.effect.contains("of that address alone");
            assert!(keeps_scope, "{what} makes of {:?} {:?}", from.listeners, to.listeners);
            // The programs among the tests read no configuration that advice could be put into.
            for argument in to.arguments.iter().filter(|argument| !from.arguments.contains(argument)) {
                assert!(self.ready == Ready::SaysSo || is_said(remedy, argument), "{what} does not say {argument:?}");
            }
            let answer = self.look(*from, answers)?.as_ref().expect("it is running that gets advice");
            if scope != Scope::One && is_wanted(aim, from.listeners) {
                assert_has(&answer.remedies(), &advice(remedy));
            }
        } else {
            let remedy = entry.useless.iter().find(is_meant).unwrap_or_else(|| panic!("{what} is no advice"));
            for aim in remedy.aims {
                assert!(!serves(to.listeners, *aim), "{what} is not in vain: {:?}", to.listeners);
            }
            let answer = self.look(*from, answers)?.as_ref().expect("it is running that gets advice");
            if remedy.aims.iter().any(|aim| is_wanted(*aim, from.listeners)) {
                assert_has(&answer.no_remedies(), &advice(remedy));
            }
        }
        self.look(*to, answers)?;
        Ok(())
    }

    fn connects(&self, entry: &'static Runtime) -> Outcome {
        let mut before: Option<Answer> = None;
        for Connect { arguments, label, what } in self.connects {
            let folder = Folder::make()?;
            let _network = Network::new()?;
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port().to_string();
            let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("PORT", &port)).collect();
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let server = Server::start(&mut (self.start)(&folder, &arguments)?, self.ready)?;
            let answer = explain(server.pid())?;
            assert_eq!(answer.labels("ESTABLISHED"), [*label], "{arguments:?}");
            assert_eq!(answer.verdict(), (None, None, Some(false)));
            if let (Some(what), Some(before)) = (what, &before) {
                let is_meant = |remedy: &&Remedy| remedy.what == *what && remedy.role == Role::Connect;
                assert!(entry.remedies.iter().any(|remedy| is_meant(&remedy)), "{what} is no advice");
                assert_has(&before.remedies(), what);
            }
            before = Some(answer);
        }
        Ok(())
    }

    /// Asserts that everything that the entry advises for or against has been tried.
    fn assert_complete(&self, entry: &Runtime) {
        let tried: BTreeSet<_> = self.changes.iter().map(|change| (Role::Listen as u8, change.what)).collect();
        let connects = self.connects.iter().filter_map(|connect| Some((Role::Connect as u8, connect.what?)));
        let tried: BTreeSet<_> = tried.into_iter().chain(connects).collect();
        let useless = entry.useless.iter().filter(|remedy| remedy.role == Role::Listen);
        for remedy in entry.remedies.iter().chain(useless) {
            assert!(tried.contains(&(remedy.role as u8, remedy.what)), "nothing tries {:?}", remedy.what);
        }
    }
}

/// Whether these listeners are what is aimed at.
fn serves(listeners: &[&str], aim: Aim) -> bool {
    let is_dual = listeners.contains(&"*");
    let has_ipv6 = is_dual || listeners.iter().any(|address| address.starts_with('['));
    let has_ipv4 = is_dual || listeners.iter().any(|address| address.contains('.'));
    match aim {
        Aim::Ipv4Only => has_ipv4 && !has_ipv6,
        Aim::Both => has_ipv4 && has_ipv6,
        Aim::Ipv6Only => has_ipv6 && !has_ipv4,
    }
}

/// Whether somebody who looks at these listeners may want it.
fn is_wanted(aim: Aim, listeners: &[&str]) -> bool {
    match aim {
        Aim::Ipv4Only => !serves(listeners, Aim::Ipv4Only),
        Aim::Both => !serves(listeners, Aim::Both),
        Aim::Ipv6Only => !serves(listeners, Aim::Ipv6Only),
    }
}

fn scope(listeners: &[&str]) -> Scope {
    if listeners.iter().any(|address| PAIR.contains(address) || DUAL.contains(address)) {
        Scope::Any
    } else if listeners.iter().all(|address| LOOPBACK.contains(address)) {
        Scope::Loopback
    } else {
        Scope::One
    }
}

/// What the advice says to somebody who has listeners of this scope.
fn fill(text: &str, port: u16, scope: Scope) -> String {
    let (ipv4, ipv6) = match scope {
        Scope::Any => ("0.0.0.0".to_owned(), "::".to_owned()),
        Scope::Loopback => ("127.0.0.1".to_owned(), "::1".to_owned()),
        Scope::One => (network::IPV4.to_string(), network::IPV6.to_string()),
    };
    text.replace("{port}", &port.to_string()).replace("{ipv4}", &ipv4).replace("{ipv6}", &ipv6)
}

#[track_caller]
fn assert_has(advice: &[&str], what: &str) {
    assert!(advice.contains(&what), "no {what:?} among {advice:?}");
}

impl Answer {
    /// The listeners, as `ss` shows them.
    fn listeners(&self) -> Vec<String> {
        let sockets = self.0["sockets"].as_array().into_iter().flatten().filter(|socket| socket["state"] == "LISTEN");
        let shown = |socket: &Value| {
            let address = socket["local_addr"].as_str().unwrap_or_default();
            match socket["label"].as_str().unwrap_or_default() {
                "dual-stack" => "*".to_owned(),
                "IPv6-only" => format!("[{address}]"),
                "IPv4-over-AF_INET6" => format!("[::ffff:{address}]"),
                _ => address.to_owned(),
            }
        };
        let listeners: BTreeSet<_> = sockets.map(shown).collect();
        listeners.into_iter().collect()
    }

    /// Asserts that the verdict is no other than what clients find.
    fn assert_true_of(&self, port: u16) {
        let reached: Vec<_> = network::connect(port).filter_map(|client| Some(client.peer_addr().ok()?.ip())).collect();
        let (accepts_ipv4, accepts_ipv6, _) = self.verdict();
        let is_true = |said: Option<bool>, is_version: fn(&IpAddr) -> bool| {
            said.is_none_or(|said| said == reached.iter().any(is_version))
        };
        assert!(is_true(accepts_ipv4, IpAddr::is_ipv4), "{}: {reached:?}", self.0["verdict"]);
        assert!(is_true(accepts_ipv6, IpAddr::is_ipv6), "{}: {reached:?}", self.0["verdict"]);
    }
}
