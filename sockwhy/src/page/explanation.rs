//! What `sockwhy explain` has to say, as text and as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::{SocketJson, SocketTable};
use crate::explanation::{Advice, Cause, Explanation, Holder, Target, Verdict};
use crate::model::Sanitized;
use crate::runtime::{Identity, Setting};
use crate::term::Terminal;
use crate::term::json::{Shown, line};
use crate::term::paint::Paint;
use crate::term::prose::{Prose, blanks};

/// Processes and sockets that are shown; `sockwhy list` shows them all.
const SHOWN: usize = 10;

/// The verdict, then who, what, why, and what to do.
#[must_use]
pub fn explain_text(explanation: &Explanation<'_>, terminal: Terminal) -> Vec<u8> {
    let mut page = Page {
        out: Vec::new(),
        prose: Prose::new(terminal.width),
        plain: Paint { color: terminal.color, code: "" },
        bold: Paint { color: terminal.color, code: "1" },
        verdict: Paint { color: terminal.color, code: if explanation.verdict.problem { "1;31" } else { "1;32" } },
    };
    page.prose.write(&mut page.out, &explanation.verdict.text, 0, 0, page.verdict);
    page.sockets(explanation, terminal);
    page.processes(&explanation.processes);
    page.causes(&explanation.causes);
    page.advice(if explanation.verdict.problem { "What helps" } else { "What would change it" }, &explanation.remedies);
    page.advice("What would not", &explanation.no_remedies);
    page.out
}

/// Text under headings.
struct Page {
    out: Vec<u8>,
    prose: Prose,
    plain: Paint,
    bold: Paint,
    verdict: Paint,
}

impl Page {
    fn heading(&mut self, text: &str) {
        self.out.push(b'\n');
        self.bold.text(&mut self.out, text);
        self.out.push(b'\n');
    }

    /// A sentence behind a mark.
    fn item(&mut self, mark: &str, text: &str) {
        let indent = self.mark(mark);
        self.prose.write(&mut self.out, text, indent, indent, self.plain);
    }

    /// Writes a mark, and says in which column what follows begins.
    fn mark(&mut self, mark: &str) -> usize {
        const INDENT: usize = 2;
        blanks(&mut self.out, INDENT);
        self.out.extend_from_slice(mark.as_bytes());
        self.out.push(b' ');
        INDENT + mark.chars().count() + 1
    }

    fn more(&mut self, count: usize, what: &str) {
        if count > SHOWN {
            self.item("…", &format!("and {} more; all of them: sockwhy list {what}", count - SHOWN));
        }
    }

    fn sockets(&mut self, explanation: &Explanation<'_>, terminal: Terminal) {
        let shown = &explanation.sockets[..explanation.sockets.len().min(SHOWN)];
        self.out.push(b'\n');
        let mut table = SocketTable::new(terminal, false, shown);
        table.header(&mut self.out);
        for socket in shown {
            table.socket(&mut self.out, *socket);
        }
        let all = match explanation.target {
            Target::Process(pid) => format!("-a -p {pid}"),
            Target::Port(port) => format!("-a --port {port}"),
            Target::Address(address) => format!("-a --port {}", address.port()),
        };
        self.more(explanation.sockets.len(), &all);
    }

    fn processes(&mut self, processes: &[&Holder]) {
        if processes.is_empty() {
            return;
        }
        self.heading("Who");
        for holder in processes.iter().take(SHOWN) {
            let Holder { process, identity } = holder;
            let name = Sanitized::Text(&process.name);
            let mut text =
                format!("{}/{name}: {}", process.pid, runtime(identity).as_deref().unwrap_or("unknown program"));
            for Setting { name, value, source, .. } in &identity.settings {
                let (value, source) = (Sanitized::Text(value), Sanitized::Text(source.as_bytes()));
                let _infallible = write!(text, "; {name}={value} ({source})");
            }
            self.item("•", &text);
        }
        if processes.len() > SHOWN {
            self.item("…", &format!("and {} more", processes.len() - SHOWN));
        }
    }

    fn causes(&mut self, causes: &[Cause]) {
        self.heading("Why");
        let width = causes.len().to_string().len() + 1;
        for (index, cause) in causes.iter().enumerate() {
            self.item(&format!("{:>width$}", format!("{}.", index + 1)), &cause.text);
        }
    }

    fn advice(&mut self, heading: &str, advice: &[Advice]) {
        if advice.is_empty() {
            return;
        }
        self.heading(heading);
        for Advice { what, how, effect } in advice {
            let indent = self.mark("•");
            self.prose.write(&mut self.out, what, indent, indent, self.bold);
            for text in [how.clone(), format!("→ {effect}")] {
                blanks(&mut self.out, indent);
                self.prose.write(&mut self.out, &text, indent, indent, self.plain);
            }
        }
    }
}

/// "Go 1.24.1", "Java".
fn runtime(identity: &Identity) -> Option<String> {
    let name = identity.runtime?.name;
    Some(match &identity.version {
        Some(version) => format!("{name} ({version})"),
        None => name.to_owned(),
    })
}

/// One object on one line.
#[must_use]
pub fn explain_json(explanation: &Explanation<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    line(&mut out, &ExplanationJson::from(explanation));
    out
}

/// The object of `sockwhy explain -o json`.
#[derive(Serialize)]
pub(crate) struct ExplanationJson<'a> {
    target: Shown<Target>,
    processes: Vec<ProcessJson<'a>>,
    sockets: Vec<SocketJson<'a>>,
    causes: Vec<CauseJson<'a>>,
    verdict: VerdictJson<'a>,
    remedies: Vec<AdviceJson<'a>>,
    no_remedies: Vec<AdviceJson<'a>>,
}

#[derive(Serialize)]
struct ProcessJson<'a> {
    pid: u32,
    process: Shown<Sanitized<'a>>,
    runtime: Option<String>,
    settings: Vec<SettingJson<'a>>,
}

#[derive(Serialize)]
struct SettingJson<'a> {
    name: &'a str,
    value: Shown<Sanitized<'a>>,
    source: &'a str,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    rule: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    accepts_ipv4: Option<bool>,
    accepts_ipv6: Option<bool>,
    problem: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct AdviceJson<'a> {
    what: &'a str,
    how: &'a str,
    effect: &'a str,
}

impl<'a> From<&'a Explanation<'a>> for ExplanationJson<'a> {
    fn from(explanation: &'a Explanation<'a>) -> Self {
        let Verdict { accepts_ipv4, accepts_ipv6, problem, text } = &explanation.verdict;
        let advice = |list: &'a [Advice]| {
            list.iter().map(|Advice { what, how, effect }| AdviceJson { what, how, effect }).collect()
        };
        Self {
            target: Shown(explanation.target),
            processes: explanation.processes.iter().map(|holder| ProcessJson::from(*holder)).collect(),
            sockets: explanation.sockets.iter().map(|socket| SocketJson::from(*socket)).collect(),
            causes: explanation.causes.iter().map(|Cause { rule, text }| CauseJson { rule, text }).collect(),
            verdict: VerdictJson { accepts_ipv4: *accepts_ipv4, accepts_ipv6: *accepts_ipv6, problem: *problem, text },
            remedies: advice(&explanation.remedies),
            no_remedies: advice(&explanation.no_remedies),
        }
    }
}

impl<'a> From<&'a Holder> for ProcessJson<'a> {
    fn from(Holder { process, identity }: &'a Holder) -> Self {
        Self {
            pid: process.pid,
            process: Shown(Sanitized::Json(&process.name)),
            runtime: runtime(identity),
            settings: identity
                .settings
                .iter()
                .map(|Setting { name, value, source, .. }| SettingJson {
                    name,
                    value: Shown(Sanitized::Json(value)),
                    source,
                })
                .collect(),
        }
    }
}
