//! Filters, alone and together. Several tracers, each with other filters, see the same connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{How, Open, v4, v6};
use crate::enter::Enter;
use crate::flow::{Family, Flow, Kind, assert_same};
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::program::NOBODY;
use crate::session::Session;

scenarios![by_process, by_socket, together, that_can_never_match];

/// Another loopback address.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 9, 8, 7);

/// The processes that connect and accept, and their sockets.
struct Setup {
    root: Actor,
    nobody: Actor,
    server: Actor,
    inet: (usize, u16),
    inet6: Option<(usize, u16)>,
    /// A socket of `root` that is bound to a port already.
    bound: (usize, u16),
}

/// Arguments, and the flows that must be shown with them.
type Case<'a> = (Vec<String>, Box<dyn Fn(&Flow) -> bool + 'a>);

fn case<'a>(arguments: &str, wanted: impl Fn(&Flow) -> bool + 'a) -> Case<'a> {
    (arguments.split(' ').map(str::to_owned).collect(), Box::new(wanted))
}

impl Setup {
    fn new() -> Outcome<Self> {
        let (mut root, mut server) = (Actor::start()?, Actor::start()?);
        let mut nobody = Actor::start_in(&Enter { user: Some(NOBODY), ..Enter::default() })?;
        root.rename("test-root")?;
        nobody.rename("test-nobody")?;
        server.rename("test-server")?;
        let (inet, address) = server.listen(Open::inet().bind(([0, 0, 0, 0], 0)))?;
        let inet = (inet, address.port());
        let mut inet6 = None;
        if host::has_ipv6() {
            let (listener, address) = server.listen(Open::inet6().v6only(false).bind(([0_u16; 8], 0)))?;
            inet6 = Some((listener, address.port()));
        }
        let (bound, address) = root.open(Open::inet().bind(v4(0)))?;
        let bound = (bound, address.port());
        Ok(Self { root, nobody, server, inet, inet6, bound })
    }

    fn pids(&self) -> [u32; 3] {
        [self.root.pid, self.nobody.pid, self.server.pid]
    }

    /// Makes the same connections each time.
    fn connect(&mut self) -> Outcome<Vec<Flow>> {
        let Self { root, nobody, server, .. } = self;
        let (inet, port) = self.inet;
        let elsewhere = |ip: IpAddr, port| SocketAddr::from((ip, port));
        let mut flows = vec![root.connect_socket(self.bound.0, v4(port))?.named("from the bound port")];
        flows.push(server.accept(inet)?);
        let thread = How { thread: Some(b"test-root".to_vec()), ..How::default() };
        let (socket, _) = nobody.open(Open::inet())?;
        flows.push(nobody.connect_how(socket, elsewhere(ELSEWHERE.into(), port), thread)?);
        flows.push(server.accept(inet)?);
        if let Some((listener, port)) = self.inet6 {
            let mapped = Open::inet6().v6only(false);
            for actor in [&mut *root, &mut *nobody] {
                flows.push(actor.connect(Open::inet(), v4(port))?.named("AF_INET to dual-stack"));
                flows.push(server.accept(listener)?);
                flows.push(actor.connect(Open::inet6(), v6(port))?.named("native"));
                flows.push(server.accept(listener)?);
                let to = elsewhere(ELSEWHERE.to_ipv6_mapped().into(), port);
                flows.push(actor.connect(mapped.clone(), to)?.named("mapped"));
                flows.push(server.accept(listener)?);
            }
        }
        match flows.iter().find(|flow| flow.error.is_some()) {
            Some(flow) => Err(Stop::failed(format!("the test is wrong: {flow}"))),
            None => Ok(flows),
        }
    }
}

/// Runs a tracer for each case, all at once, over the same connections.
fn check(session: &Session, setup: &mut Setup, cases: Vec<Case<'_>>) -> Outcome {
    let mut tracers = Vec::new();
    for (arguments, wanted) in cases {
        let tracer = session.trace().arguments(arguments.clone()).start()?;
        tracers.push((arguments.join(" "), wanted, tracer));
    }
    let pids = setup.pids();
    let flows = setup.connect()?;
    for (arguments, wanted, tracer) in tracers {
        let finished = tracer.stop()?;
        finished.assert_well()?;
        // Other programs on this machine may connect too.
        let events: Vec<_> = finished.events.into_iter().filter(|event| event.is_of(&pids)).collect();
        let wanted: Vec<_> = flows.iter().filter(|flow| wanted(flow)).cloned().collect();
        let wanted: Vec<_> =
            wanted.into_iter().map(|flow| Flow { name: format!("{arguments}, {}", flow.name), ..flow }).collect();
        assert_same(&events, &wanted, session.backend);
    }
    Ok(())
}

fn by_process(session: &Session) -> Outcome {
    let mut setup = Setup::new()?;
    let [root, nobody, server] = setup.pids();
    let is = move |flow: &Flow, pids: &[u32]| flow.pid.is_some_and(|pid| pids.contains(&pid));
    let cases = vec![
        case(&format!("--pid {root}"), move |flow| is(flow, &[root])),
        case(&format!("-p {nobody} -p {server}"), move |flow| is(flow, &[nobody, server])),
        // A thread of `nobody` has that name. Its process has another.
        case("--comm test-root", move |flow| is(flow, &[root])),
        case("--comm test-root --comm test-server", move |flow| is(flow, &[root, server])),
        case(&format!("--uid {NOBODY}"), |flow| flow.uid == NOBODY),
        case(&format!("--uid 0 --uid {NOBODY}"), |_| true),
    ];
    check(session, &mut setup, cases)
}

fn by_socket(session: &Session) -> Outcome {
    let mut setup = Setup::new()?;
    let (inet, bound) = (setup.inet.1, setup.bound.1);
    let is_port = |flow: &Flow, port: u16| flow.local.port() == port || flow.peer.port() == port;
    let is_v4 = |flow: &Flow| flow.is_ipv4();
    let is_elsewhere = |flow: &Flow| flow.peer_addr() == IpAddr::V4(ELSEWHERE);
    let cases = vec![
        case(&format!("--port {bound}"), move |flow| is_port(flow, bound)),
        case(&format!("--port {inet} --port {bound}"), move |flow| is_port(flow, inet)),
        // IPv4 networks include mapped peers, IPv6 networks do not.
        case("--net 127.0.0.0/8", is_v4),
        case("--net 127.9.8.7/32", is_elsewhere),
        case("--net ::/0", move |flow| !is_v4(flow)),
        case("--net ::1/128 --net 127.9.0.0/16", move |flow| !is_v4(flow) || is_elsewhere(flow)),
        case("--net 0.0.0.0/0 --net ::/0", |_| true),
        case("--event connect", |flow| flow.kind == Kind::Connect),
        case("--event accept", |flow| flow.kind == Kind::Accept),
        case("--event accept --event connect", |_| true),
        case("--family inet", |flow| flow.family == Family::Inet),
        case("--family inet6", |flow| flow.family == Family::Inet6),
        case("--family inet --family inet6", |_| true),
        case("-4", is_v4),
        case("-6", move |flow| !is_v4(flow)),
        case("--label ipv4", |flow| flow.label() == "IPv4"),
        case("--label ipv6", |flow| flow.label() == "IPv6"),
        case("--label ipv4-over-af_inet6", |flow| flow.label() == "IPv4-over-AF_INET6"),
        case("--label ipv4 --label ipv6", |flow| flow.label() != "IPv4-over-AF_INET6"),
    ];
    check(session, &mut setup, cases)
}

fn together(session: &Session) -> Outcome {
    let mut setup = Setup::new()?;
    let [root, nobody, server] = setup.pids();
    let inet = setup.inet.1;
    let is_mapped = |flow: &Flow| flow.label() == "IPv4-over-AF_INET6";
    let cases = vec![
        case("--family inet6 -4", is_mapped),
        case(&format!("--event accept --port {inet}"), move |flow| {
            flow.kind == Kind::Accept && flow.local.port() == inet
        }),
        case(&format!("--pid {root} --pid {nobody} --net 127.9.0.0/16 --family inet6"), move |flow| {
            is_mapped(flow) && flow.pid != Some(server) && flow.peer_addr() == IpAddr::V4(ELSEWHERE)
        }),
        case(&format!("--comm test-nobody --uid {NOBODY} -6"), move |flow| flow.pid == Some(nobody) && !flow.is_ipv4()),
        case(&format!("--pid {server} --event accept --label ipv4-over-af_inet6 --net 127.0.0.0/8"), move |flow| {
            flow.pid == Some(server) && is_mapped(flow)
        }),
    ];
    check(session, &mut setup, cases)
}

/// Each of the two matches something, but no process matches both.
fn that_can_never_match(session: &Session) -> Outcome {
    let mut setup = Setup::new()?;
    let cases = vec![case(&format!("--comm test-root --uid {NOBODY}"), |_| false)];
    check(session, &mut setup, cases)
}
