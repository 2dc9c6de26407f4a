//! What `sockwhy explain` has to say, as text: the answer, what to do, and why.

use std::fmt::Write;

use super::SocketTable;
use crate::explanation::{Advice, Explanation, Holder, Target};
use crate::model::Sanitized;
use crate::runtime::{Aim, Identity, Setting};
use crate::term::Terminal;
use crate::term::paint::Paint;
use crate::term::prose::{Prose, blanks};

/// Lines of an answer, unless all of it is asked for: more is not read.
const LINES: usize = 40;

/// Processes and sockets that are shown at most; `sockwhy list` shows them all.
const SHOWN: usize = 50;

/// Text that is shown whole or not at all.
type Item = Vec<u8>;

/// Text under a heading.
struct Section {
    heading: Option<&'static str>,
    items: Vec<Item>,
    /// Lines that it may take, with those that the sections before it have left over.
    share: usize,
}

/// The answer in 40 lines at most, or all that is known.
pub fn explain_text(explanation: &Explanation<'_>, terminal: Terminal, verbose: bool) -> Vec<u8> {
    let page = Page::new(terminal);
    let code = if explanation.verdict.problem { "1;31" } else { "1;32" };
    let mut out = Vec::new();
    page.prose.write(&mut out, &explanation.verdict.text, 0, 0, page.paint(code));
    let sections = page.sections(explanation, verbose);
    if verbose {
        for section in sections {
            page.write(&mut out, section.heading, &section.items);
        }
        return out;
    }

    let more = Item::from(format!("All that is known: sockwhy explain -v {}\n", explanation.target));
    // What is left over for all of them, and for those that are still to come.
    let mut all = LINES.saturating_sub(lines(&out) + 1 + lines(&more));
    let mut later: usize = sections.iter().map(|section| section.share).sum();
    for section in sections {
        later -= section.share;
        let room = all.saturating_sub(later).max(section.share).min(all);
        let before = lines(&out);
        page.write(&mut out, section.heading, section.fitting(room));
        all -= lines(&out) - before;
    }
    page.write(&mut out, None, &[more]);
    out
}

impl Section {
    /// The first items, as many as fit into so many lines with the heading and the empty line above it.
    fn fitting(&self, room: usize) -> &[Item] {
        let mut used = 1 + usize::from(self.heading.is_some());
        let fits = |item: &&Item| {
            used += lines(item);
            used <= room
        };
        &self.items[..self.items.iter().take_while(fits).count()]
    }
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count() - 1
}

/// How to write.
struct Page {
    terminal: Terminal,
    prose: Prose,
}

impl Page {
    fn new(terminal: Terminal) -> Self {
        Self { terminal, prose: Prose::new(terminal.width) }
    }

    fn paint(&self, code: &'static str) -> Paint {
        Paint { color: self.terminal.color, code }
    }

    /// Items under a heading, if there are any.
    fn write(&self, out: &mut Vec<u8>, heading: Option<&str>, items: &[Item]) {
        if items.is_empty() {
            return;
        }
        out.push(b'\n');
        if let Some(heading) = heading {
            self.paint("1").text(out, heading);
            out.push(b'\n');
        }
        out.extend(items.iter().flatten());
    }

    fn sections(&self, explanation: &Explanation<'_>, verbose: bool) -> Vec<Section> {
        let notes = explanation.notes.iter().map(|note| self.sentence(&note.text)).collect();
        let mut sections = vec![Section { heading: None, items: notes, share: 4 }];
        let mut share = 8;
        for aim in aims(&explanation.remedies) {
            let of_aim = explanation.remedies.iter().filter(|advice| advice.aim == aim);
            let items = of_aim.map(|advice| self.advice(advice)).collect();
            sections.push(Section { heading: Some(heading(aim)), items, share });
            share = 0;
        }
        sections.push(Section { heading: Some("Why"), items: self.causes(explanation), share: 9 });
        let useless = distinct(&explanation.no_remedies);
        let items = useless.map(|advice| if verbose { self.advice(advice) } else { self.useless(advice) }).collect();
        sections.push(Section { heading: Some("What would not help"), items, share: 5 });
        if verbose {
            sections.push(Section { heading: Some("Who"), items: self.processes(&explanation.processes), share: 0 });
        }
        sections.push(Section { heading: None, items: self.sockets(explanation, verbose), share: 6 });
        sections
    }

    fn sentence(&self, text: &str) -> Item {
        let mut item = Item::new();
        self.prose.write(&mut item, text, 0, 0, self.paint(""));
        item
    }

    /// A sentence behind a mark.
    fn marked(&self, mark: &str, text: &str, paint: Paint) -> Item {
        let mut item = Item::new();
        let indent = self.mark(&mut item, mark);
        self.prose.write(&mut item, text, indent, indent, paint);
        item
    }

    /// Writes a mark, and says in which column what follows begins.
    #[expect(clippy::unused_self, reason = "all that writes is the page's")]
    fn mark(&self, out: &mut Vec<u8>, mark: &str) -> usize {
        const INDENT: usize = 2;
        blanks(out, INDENT);
        out.extend_from_slice(mark.as_bytes());
        out.push(b' ');
        INDENT + mark.chars().count() + 1
    }

    fn advice(&self, Advice { what, how, effect, .. }: &Advice) -> Item {
        const INDENT: usize = 4;
        let mut item = self.marked("•", what, self.paint("1"));
        for text in [how.clone(), format!("→ {effect}")] {
            blanks(&mut item, INDENT);
            self.prose.write(&mut item, &text, INDENT, INDENT, self.paint(""));
        }
        item
    }

    fn useless(&self, Advice { what, effect, .. }: &Advice) -> Item {
        self.marked("•", &format!("{what}: {effect}"), self.paint(""))
    }

    fn causes(&self, explanation: &Explanation<'_>) -> Vec<Item> {
        let causes = &explanation.causes;
        let width = causes.len().to_string().len() + 1;
        let item = |(index, text)| self.marked(&format!("{:>width$}", format!("{}.", index + 1)), text, self.paint(""));
        causes.iter().map(|cause| cause.text.as_str()).enumerate().map(item).collect()
    }

    fn processes(&self, processes: &[&Holder]) -> Vec<Item> {
        let item = |holder: &&Holder| {
            let Holder { process, identity } = holder;
            let name = Sanitized::Text(&process.name);
            let mut text =
                format!("{}/{name}: {}", process.pid, runtime(identity).as_deref().unwrap_or("unknown program"));
            for Setting { name, value, source, .. } in &identity.settings {
                let (value, source) = (Sanitized::Text(value), Sanitized::Text(source.as_bytes()));
                let _infallible = write!(text, "; {name}={value} ({source})");
            }
            self.marked("•", &text, self.paint(""))
        };
        let shown = processes.iter().take(SHOWN).map(item);
        let rest = processes.len().saturating_sub(SHOWN);
        let more = (rest > 0).then(|| self.marked("…", &format!("and {rest} more"), self.paint("")));
        shown.chain(more).collect()
    }

    /// A table, with the reasons where all of it is shown.
    fn sockets(&self, explanation: &Explanation<'_>, verbose: bool) -> Vec<Item> {
        let shown = &explanation.sockets[..explanation.sockets.len().min(SHOWN)];
        let mut table = SocketTable::new(self.terminal, false, shown);
        if !verbose {
            table = table.brief();
        }
        let mut header = Item::new();
        table.header(&mut header);
        let mut items = Vec::new();
        for socket in shown {
            let mut item = std::mem::take(&mut header);
            table.socket(&mut item, *socket);
            items.push(item);
        }
        let rest = explanation.sockets.len() - shown.len();
        let all = match explanation.target {
            Target::Process(pid) => format!("-a -p {pid}"),
            Target::Port(port) => format!("-a --port {port}"),
            Target::Address(address, _) => format!("-a --port {}", address.port()),
        };
        let more = format!("and {rest} more; all of them: sockwhy list {all}");
        items.extend((rest > 0).then(|| self.marked("…", &more, self.paint(""))));
        items
    }
}

/// What the remedies are for, each once, in their order.
fn aims(remedies: &[Advice]) -> Vec<Aim> {
    let mut aims: Vec<Aim> = Vec::new();
    for advice in remedies {
        if !aims.contains(&advice.aim) {
            aims.push(advice.aim);
        }
    }
    aims
}

fn heading(aim: Aim) -> &'static str {
    match aim {
        Aim::Ipv4Only => "For IPv4 alone, which netstat lists as tcp",
        Aim::Both => "For IPv4 and IPv6",
        Aim::Ipv6Only => "For IPv6 alone",
    }
}

/// Each once, whatever it is tried for.
fn distinct(advice: &[Advice]) -> impl Iterator<Item = &Advice> {
    let is_first = |index: usize, one: &Advice| !advice[..index].iter().any(|known| known.what == one.what);
    advice.iter().enumerate().filter(move |(index, one)| is_first(*index, one)).map(|(_, one)| one)
}

/// "Go (1.24.1)", "Java".
pub(super) fn runtime(identity: &Identity) -> Option<String> {
    let name = identity.runtime?.name;
    Some(match &identity.version {
        Some(version) => format!("{name} ({version})"),
        None => name.to_owned(),
    })
}
