//! What `sockwhy demo` shows: the calls that it made, then the explanation.

use serde::Serialize;

use super::sockets::Demo;
use crate::explanation::Explanation;
use crate::page::{ExplanationJson, explain_text};
use crate::term::Terminal;
use crate::term::json::line;
use crate::term::paint::Paint;
use crate::term::prose::{Prose, blanks};

/// The system calls of client and server, and the explanation of their sockets.
pub(super) fn demo_text(demo: &Demo, explanation: &Explanation<'_>, terminal: Terminal, verbose: bool) -> Vec<u8> {
    let Demo { v6only, port, refused, .. } = demo;
    let option = if *v6only { ", setsockopt(IPV6_V6ONLY, 1)" } else { "" };
    let outcome = match refused {
        Some(error) => error.kind().to_string(),
        None => "connected".to_owned(),
    };
    let lines = [
        format!("server  socket(AF_INET6){option}, bind(\"::\", {port}), listen()"),
        format!("client  socket(AF_INET), connect(\"127.0.0.1\", {port}) → {outcome}"),
    ];
    let mut out = Vec::new();
    for text in lines {
        blanks(&mut out, 2);
        Prose::new(terminal.width).write(&mut out, &text, 2, 10, Paint { color: terminal.color, code: "2" });
    }
    out.push(b'\n');
    out.extend(explain_text(explanation, terminal, verbose));
    out
}

/// One object on one line.
pub(super) fn demo_json(demo: &Demo, explanation: &Explanation<'_>) -> Vec<u8> {
    let Demo { v6only, port, refused, .. } = demo;
    let mut out = Vec::new();
    let connected = refused.is_none();
    line(&mut out, &DemoJson { v6only: *v6only, port: *port, connected, explanation: explanation.into() });
    out
}

/// The object of `sockwhy demo -o json`.
#[derive(Serialize)]
struct DemoJson<'a> {
    v6only: bool,
    port: u16,
    connected: bool,
    explanation: ExplanationJson<'a>,
}
