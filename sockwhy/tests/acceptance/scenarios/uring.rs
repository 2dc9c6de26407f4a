//! `io_uring`: connections made without the system calls connect and accept. They belong to the process with the ring.

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{How, Open, Via, v4};
use crate::flow::Flow;
use crate::host;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

scenarios![connect, connect_in_a_worker, accept, accept_in_a_worker,];

fn via(via: Via) -> How {
    How { via, ..How::default() }
}

/// A worker is a thread of the process, from 5.12 on.
fn of_any_thread(flow: Flow) -> Flow {
    Flow { tid: None, thread: None, ..flow }
}

fn require_workers_of_the_process() -> Outcome {
    if host::kernel() >= (5, 12) {
        return Ok(());
    }
    Err(Stop::skipped("before Linux 5.12 the workers of io_uring belong to no process"))
}

fn connect(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    let mut watch = session.watch()?;
    let connected = client.connect_how(socket, address, via(Via::Uring))?;
    assert_eq!(connected.error, None);
    watch.assert_saw(&[connected])
}

fn connect_in_a_worker(session: &Session) -> Outcome {
    require_workers_of_the_process()?;
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (_, address) = server.listen(Open::inet().bind(v4(0)))?;
    let (socket, _) = client.open(Open::inet())?;
    let mut watch = session.watch()?;
    let connected = client.connect_how(socket, address, via(Via::UringWorker))?;
    assert_eq!(connected.error, None);
    watch.assert_saw(&[of_any_thread(connected)])
}

fn accept(session: &Session) -> Outcome {
    accept_via(session, Via::Uring)
}

fn accept_in_a_worker(session: &Session) -> Outcome {
    require_workers_of_the_process()?;
    accept_via(session, Via::UringWorker)
}

/// A backend that cannot see it says so in its first line, and shows nothing.
fn accept_via(session: &Session, way: Via) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let (listener, address) = server.listen(Open::inet().bind(v4(0)))?;
    let mut watch = session.watch()?;
    client.connect(Open::inet(), address)?;
    let accepted = of_any_thread(server.accept_how(listener, via(way))?);
    let sees_it = session.backend.sees_uring_accept();
    watch.assert_saw_of(&[server.pid], if sees_it { std::slice::from_ref(&accepted) } else { &[] })?;
    assert_eq!(watch.first_line()?.contains("io_uring"), !sees_it, "{}", watch.first_line()?);
    Ok(())
}
