//! Colour and width of text in a terminal.

use unicode_width::UnicodeWidthChar;

/// A way to draw.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) color: bool,
    /// The numbers of an SGR sequence (ECMA-48 §8.3.117); empty for none.
    pub(crate) code: &'static str,
}

impl Paint {
    /// Text without a width of its own.
    pub(crate) fn text(self, out: &mut Vec<u8>, text: &str) {
        if self.color && !self.code.is_empty() {
            for part in ["\x1b[", self.code, "m", text, "\x1b[0m"] {
                out.extend_from_slice(part.as_bytes());
            }
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// A cell of a column of this width, and the space before the next.
    pub(crate) fn cell(self, out: &mut Vec<u8>, text: &str, width: usize) {
        self.text(out, text);
        let blank = width.saturating_sub(display_width(text)) + 1;
        out.resize(out.len() + blank, b' ');
    }
}

/// Columns that the text takes up in a terminal. It has no controls.
pub(crate) fn display_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(|character| character.width().unwrap_or(0)).sum() }
}

/// Cuts the text off, visibly, where it is wider than this.
pub(crate) fn cut(text: &mut String, width: usize) {
    if display_width(text) <= width {
        return;
    }
    let mut used = "…".chars().count();
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    if let Some((end, _)) = end {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_ends_in_an_ellipsis_and_fits() {
        for (text, width, expected) in [
            ("31307/java", 10, "31307/java"),
            ("31307/java", 9, "31307/ja…"),
            ("1/日本語", 8, "1/日本語"),
            ("1/日本語", 7, "1/日本…"),
            ("1/日本語", 6, "1/日…"),
        ] {
            let mut cell = text.to_owned();
            cut(&mut cell, width);
            assert_eq!(cell, expected);
            assert!(display_width(&cell) <= width);
        }
    }
}
