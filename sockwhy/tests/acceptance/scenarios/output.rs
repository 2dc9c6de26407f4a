//! Text says what JSON says and fits the terminal, and stdout has nothing but events.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;

use rustix::process::Signal;

use super::scenarios;
use crate::actor::Actor;
use crate::flow::{Flow, Kind};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;
use crate::text::without_colours;
use crate::{terminal, traffic};

scenarios![
    text_says_what_json_says,
    text_fits_a_terminal,
    text_has_no_colours_in_a_pipe,
    the_log_stays_off_stdout,
    disk_full,
];

/// What a line of text must say of a flow, column by column, after the time.
fn columns(flow: &Flow) -> Vec<String> {
    let address = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port()).to_string();
    let netstat = if flow.label() == "IPv4" { "tcp" } else { "tcp6" };
    let arrow = if flow.kind == Kind::Connect { "→" } else { "←" };
    let process = format!("{}/{}", flow.pid.unwrap_or_default(), String::from_utf8_lossy(&flow.process));
    [flow.event(), &process, netstat, flow.label(), &address(flow.local), arrow, &address(flow.peer)]
        .map(str::to_owned)
        .into()
}

/// The mixture without refused connects, whose sockets have lost their addresses.
fn connections(client: &mut Actor, server: &mut Actor) -> Outcome<Vec<Flow>> {
    let mut flows = traffic::mixture(client, server)?;
    flows.retain(|flow| flow.error != Some(libc::ECONNREFUSED));
    Ok(flows)
}

/// Interrupts a tracer and returns its text.
fn finish(tracer: crate::tracer::Tracer, output: impl Read) -> Outcome<String> {
    tracer.signal(Signal::INT)?;
    let text = terminal::read(output)?;
    let finished = tracer.finish()?;
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    Ok(text)
}

fn text_says_what_json_says(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let pids = [client.pid, server.pid];
    let mut tracer = session.trace().text().pids(pids).start()?;
    let output = tracer.take_stdout();
    let flows = connections(&mut client, &mut server)?;
    let text = finish(tracer, output)?;
    let lines: Vec<Vec<_>> = text.lines().skip(1).map(|line| line.split_whitespace().skip(1).collect()).collect();
    for flow in &flows {
        let columns = columns(flow);
        let said = lines.iter().filter(|line| **line == columns).count();
        assert_eq!(said, 1, "{}: {}\n{text}", flow.name, columns.join(" "));
    }
    Ok(())
}

fn text_fits_a_terminal(session: &Session) -> Outcome {
    for width in [80, 100] {
        let (mut client, mut server) = (Actor::start()?, Actor::start()?);
        client.rename("a-long-name-123")?;
        let (ours, theirs) = terminal::open(width)?;
        let tracer = session.trace().text().pids([client.pid, server.pid]).output(theirs).start()?;
        let flows = traffic::mixture(&mut client, &mut server)?;
        let text = finish(tracer, ours)?;
        let plain = without_colours(&text);
        assert_ne!(plain, text, "a terminal shows colours");
        assert_eq!(plain.lines().count(), flows.len() + 1);
        let mut label_columns = Vec::new();
        for (line, flow) in plain.lines().skip(1).zip(&flows) {
            let length = line.chars().count();
            assert!(length <= width.into(), "{length} characters in {width} columns: {line}");
            let label = line.find(flow.label()).ok_or_else(|| Stop::failed(format!("no label: {line}")))?;
            label_columns.push(line[..label].chars().count());
        }
        label_columns.dedup();
        assert_eq!(label_columns.len(), 1, "the columns are not aligned:\n{plain}");
    }
    Ok(())
}

fn text_has_no_colours_in_a_pipe(session: &Session) -> Outcome {
    let mut client = Actor::start()?;
    let mut server = Actor::start()?;
    let mut tracer = session.trace().text().pids([client.pid]).start()?;
    let output = tracer.take_stdout();
    connections(&mut client, &mut server)?;
    let text = finish(tracer, output)?;
    assert!(text.lines().count() > 1);
    assert!(!text.contains('\x1b'), "{text}");
    Ok(())
}

/// With the log on, stdout still has nothing but events.
fn the_log_stays_off_stdout(session: &Session) -> Outcome {
    let (mut client, mut server) = (Actor::start()?, Actor::start()?);
    let tracer = session.trace().arguments(["-vv"]).pids([client.pid]).start()?;
    let flows = connections(&mut client, &mut server)?;
    // The programs log what they drop: here, the server's accepts.
    tracer.wait_for_stderr("not wanted by the filters")?;
    let finished = tracer.stop()?;
    finished.assert_well()?;
    let client_flows = flows.iter().filter(|flow| flow.kind == Kind::Connect).count();
    assert!(finished.events.len() >= client_flows);
    Ok(())
}

fn disk_full(session: &Session) -> Outcome {
    let mut client = Actor::start()?;
    let mut server = Actor::start()?;
    let full = File::options().write(true).open("/dev/full")?;
    let tracer = session.trace().pids([client.pid]).output(full).start()?;
    connections(&mut client, &mut server)?;
    let finished = tracer.finish()?;
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("No space left on device"), "{}", finished.stderr);
    Ok(())
}
