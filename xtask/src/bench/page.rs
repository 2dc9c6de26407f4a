//! BENCHMARKS.md: text written by hand, and between markers the tables of the last run.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::paths;

/// A Markdown table.
pub(crate) struct Table {
    text: String,
}

impl Table {
    /// The first column holds words, the others numbers.
    pub(crate) fn new(head: &[&str]) -> Self {
        let mut table = Self { text: String::new() };
        table.row(head);
        table.row(&(0..head.len()).map(|column| if column == 0 { "---" } else { "---:" }).collect::<Vec<_>>());
        table
    }

    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) {
        for cell in cells {
            // Writing to memory cannot fail.
            let _infallible = write!(self.text, "| {} ", cell.as_ref());
        }
        self.text.push_str("|\n");
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

fn file() -> PathBuf {
    paths::root().join("BENCHMARKS.md")
}

/// Writes a section between its markers in BENCHMARKS.md, or at the end under its title if there are none.
pub(crate) fn update(name: &str, title: &str, content: &str) -> Result<()> {
    let file = file();
    let page = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, replaced(&page, name, title, content)).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(page: &str, name: &str, title: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let content = content.trim_end();
    if let Some((before, rest)) = page.split_once(&begin)
        && let Some((_, after)) = rest.split_once(&end)
    {
        return format!("{before}{begin}{content}\n{end}{after}");
    }
    format!("{page}\n## {title}\n\n{begin}{content}\n{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_written_by_hand_stays() {
        let first = replaced("# Speed\n", "storm", "Storm", "| 1 |\n");
        assert_eq!(first, "# Speed\n\n## Storm\n\n<!-- storm -->\n| 1 |\n<!-- /storm -->\n");
        let written = first.replace("## Storm\n", "## Storm\nSlow.\n") + "\nThe end.\n";
        let second = replaced(&written, "storm", "Storm", "| 2 |\n\n");
        assert_eq!(second, written.replace("| 1 |", "| 2 |"));
    }
}
