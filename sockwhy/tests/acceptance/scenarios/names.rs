//! Whoever runs a process chooses its name. JSON keeps its bytes, text shows nothing that controls a terminal.

use std::io::Read;

use rustix::process::Signal;

use super::scenarios;
use crate::actor::Actor;
use crate::actor::command::{How, Open, v4};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::text::without_colours;

scenarios![json_keeps_the_bytes, text_controls_no_terminal];

/// Names of at most the 15 bytes that the kernel keeps.
const NAMES: [&[u8]; 14] = [
    b"",
    b"123456789012345",
    b"with spaces in",
    b"\x1b[31mred\x1b[0m",
    b"\x1b]0;title\x07",
    b"line\nbreak\r\ttab",
    b"\x7f\x08\x08erased",
    b"\xff\xfe\x80 no UTF-8",
    b"half \xe2\x82",
    b"\"quoted\" {}:,",
    b"back\\slash\\",
    b"\\xff \\x1b \\u{1",
    "\u{202e}turned\u{202c}".as_bytes(),
    "\u{9b}31m 日本語".as_bytes().split_at(14).0,
];

fn json_keeps_the_bytes(session: &Session) -> Outcome {
    let mut actor = Actor::start()?;
    let mut watch = session.watch()?;
    let mut flows = Vec::new();
    for name in NAMES {
        actor.rename(name)?;
        let (listener, address) = actor.listen(Open::inet().bind(v4(0)))?;
        let (socket, _) = actor.open(Open::inet())?;
        let thread = How { thread: Some(name.into()), ..How::default() };
        for flow in [actor.connect_socket(socket, address)?, actor.accept_how(listener, thread)?] {
            assert_eq!((&flow.process[..], flow.thread.as_deref()), (name, Some(name)));
            flows.push(flow.named(format!("\"{}\"", name.escape_ascii())));
        }
    }
    watch.assert_saw(&flows)
}

fn text_controls_no_terminal(session: &Session) -> Outcome {
    for color in ["never", "always"] {
        let mut actor = Actor::start()?;
        let mut tracer = session.trace().text().arguments(["--color", color]).pids([actor.pid]).start()?;
        let mut output = tracer.take_stdout();
        for name in NAMES {
            actor.rename(name)?;
            let (_, address) = actor.listen(Open::inet().bind(v4(0)))?;
            actor.connect(Open::inet(), address)?;
        }
        tracer.signal(Signal::INT)?;
        let mut text = String::new();
        output.read_to_string(&mut text)?;
        let finished = tracer.finish()?;
        assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
        assert_eq!(finished.summary()?, (NAMES.len(), 0));

        let plain = without_colours(&text);
        assert_eq!(plain == text, color == "never", "{text:?}");
        let dangerous = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!plain.contains(dangerous), "{plain:?}");
        // A line for each, below the names of the columns.
        assert_eq!(plain.lines().count(), NAMES.len() + 1, "{plain}");
        for visible in ["/123456789012345 ", "/with spaces in ", r"\x1b[31mred", r"\xff\xfe\x80", r"\u{202e}turned"] {
            assert!(plain.contains(visible), "no {visible} in\n{plain}");
        }
    }
    Ok(())
}
