//! Sentences for people, broken into lines at words.

use super::paint::{Paint, display_width};
use crate::model::Remedy;

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;
/// On narrower terminals the text would be a column of single words, so the terminal breaks it.
const NARROWEST: usize = 40;

/// How to break lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prose {
    /// Columns of a line; `None` where a sentence stays on one line, so that grep finds it.
    width: Option<usize>,
}

impl Prose {
    /// For a terminal of this width; `None` for a pipe or a file.
    pub(crate) fn new(width: Option<u16>) -> Self {
        Self { width: width.map(usize::from).filter(|width| *width >= NARROWEST).map(|width| width.min(WIDEST)) }
    }

    /// Writes `text` from column `at` on, later lines from column `indent` on, and ends the line.
    pub(crate) fn write(self, out: &mut Vec<u8>, text: &str, at: usize, indent: usize, paint: Paint) {
        let Some(width) = self.width else {
            paint.text(out, text);
            out.push(b'\n');
            return;
        };
        let mut used = at;
        let mut line = String::new();
        for word in text.split(' ') {
            let room = usize::from(!line.is_empty()) + display_width(word);
            if used + room > width && !line.is_empty() {
                paint.text(out, &line);
                out.push(b'\n');
                blanks(out, indent);
                line.clear();
                used = indent;
            }
            if !line.is_empty() {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += display_width(word);
        }
        paint.text(out, &line);
        out.push(b'\n');
    }

    /// Writes what to do, from column `indent` on. On a terminal the command to paste gets a line of its own that is
    /// not broken.
    pub(crate) fn remedy(self, out: &mut Vec<u8>, remedy: &Remedy, indent: usize, paint: Paint, command_paint: Paint) {
        blanks(out, indent);
        match &remedy.command {
            Some(command) if self.width.is_some() => {
                self.write(out, &format!("{}:", remedy.how), indent, indent, paint);
                blanks(out, indent + 2);
                command_paint.text(out, command);
                out.push(b'\n');
            }
            _ => self.write(out, &remedy.to_string(), indent, indent, paint),
        }
    }
}

/// Writes this many spaces.
pub(crate) fn blanks(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { color: false, code: "" };

    fn written(width: Option<u16>, text: &str) -> String {
        let mut out = Vec::new();
        Prose::new(width).write(&mut out, text, 0, 2, PLAIN);
        String::from_utf8(out).expect("it was UTF-8")
    }

    #[test]
    fn lines_end_at_words_and_continue_indented() {
        let text = "one two three four five six seven eight nine ten eleven twelve";
        assert_eq!(written(Some(40), text), "one two three four five six seven eight\n  nine ten eleven twelve\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_a_word_is() {
        let text = format!("{} {} end", "word ".repeat(60).trim(), "x".repeat(120));
        for width in 40..130 {
            let lines = written(Some(width), &text);
            let wide = lines.lines().filter(|line| line.len() > usize::from(width.min(100)));
            assert!(wide.clone().all(|line| !line.trim().contains(' ')), "{width}: {:?}", wide.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_pipe_gets_a_sentence_on_one_line() {
        let text = "word ".repeat(60);
        assert_eq!(written(None, text.trim()).lines().count(), 1);
    }

    #[test]
    fn a_command_is_never_broken() {
        let command = "sudo mkdir -p /sys/fs/cgroup/unified && sudo mount -t cgroup2 none /sys/fs/cgroup/unified";
        let mut out = Vec::new();
        Prose::new(Some(60)).remedy(&mut out, &Remedy::new("mount its root", command), 10, PLAIN, PLAIN);
        assert!(String::from_utf8_lossy(&out).lines().any(|line| line.trim() == command));
    }
}
