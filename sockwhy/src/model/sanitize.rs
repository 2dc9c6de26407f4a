//! Names, made safe to show. Whoever runs a process chooses its name, from any bytes except NUL: terminal escape
//! sequences, characters that reverse the direction of the line, halves of UTF-8 characters.
//!
//! | in the name | text | JSON |
//! | --- | --- | --- |
//! | bytes that are not UTF-8 | `\xff` | `\xff` |
//! | control bytes | `\x1b` | as JSON escapes them: `\u001b` |
//! | other characters that are invisible, or reverse text | `\u{202e}` | likewise: `\u202e` |
//! | a backslash that would read as one of these | `\x5c` | `\x5c` |
//!
//! A JSON string (once parsed) becomes the name's bytes again when each `\xNN` in it is replaced by the byte.

use std::fmt::{self, Display, Write};

use unicode_width::UnicodeWidthChar;

/// What a name becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sanitized<'a> {
    /// Fit for a terminal.
    Text(&'a [u8]),
    /// UTF-8; JSON's own escapes are applied later.
    Json(&'a [u8]),
}

impl Display for Sanitized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Sanitized<'_> {
    /// Writes it to `f`.
    pub(crate) fn write(&self, f: &mut impl Write) -> fmt::Result {
        let (Self::Text(name) | Self::Json(name)) = *self;
        if let Some(plain) = plain(name) {
            return f.write_str(plain);
        }
        for chunk in name.utf8_chunks() {
            let valid = chunk.valid();
            for (at, character) in valid.char_indices() {
                match character {
                    '\\' if reads_as_escape(&valid[at + 1..]) => f.write_str("\\x5c")?,
                    '\0'..='\x1f' | '\x7f' if matches!(self, Self::Text(_)) => {
                        write!(f, "\\x{:02x}", u32::from(character))?;
                    }
                    character if matches!(self, Self::Text(_)) && !is_visible(character) => {
                        write!(f, "{}", character.escape_unicode())?;
                    }
                    character => f.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// The name itself, if nothing in it needs an escape, as nearly always.
fn plain(name: &[u8]) -> Option<&str> {
    let is_plain = name.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
    if is_plain { std::str::from_utf8(name).ok() } else { None }
}

/// Whether a backslash before this would look like an escape of ours.
fn reads_as_escape(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'x', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [b'u', b'{', ..] => true,
        _ => false,
    }
}

/// Whether the character is visible and does not move its neighbours. Controls have no width. The marks of
/// the bidirectional algorithm and other format characters have a width of 0, except the two separators.
pub(crate) fn is_visible(character: char) -> bool {
    character.width().is_some_and(|width| width > 0) && !matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(name: &[u8]) -> String {
        Sanitized::Text(name).to_string()
    }

    fn json(name: &[u8]) -> String {
        Sanitized::Json(name).to_string()
    }

    /// What the module's documentation tells users to do.
    fn restored(json: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = json.as_bytes();
        while let [first, after @ ..] = rest {
            let escaped = match after {
                [b'x', high, low, ..] if *first == b'\\' => std::str::from_utf8(&[*high, *low])
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))),
                _ => None,
            };
            bytes.push(escaped.unwrap_or(*first));
            rest = if escaped.is_some() { &rest[4..] } else { after };
        }
        bytes
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["java", "kworker/0:1-ev", "Web Content", "(sd-pam)", "C:\\app", "naïve", "日本語"] {
            assert_eq!(text(name.as_bytes()), name);
            assert_eq!(json(name.as_bytes()), name);
        }
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(text(b"\x1b[31mred\x07\x7f\n"), r"\x1b[31mred\x07\x7f\x0a");
        assert_eq!(text("\u{9b}31m".as_bytes()), r"\u{9b}31m"); // the one-character CSI
    }

    #[test]
    fn characters_that_turn_or_hide_text_become_visible() {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}');
        let hidden = ['\u{ad}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{2060}', '\u{feff}', '\u{e0041}'];
        for character in bidi.chain('\u{2066}'..='\u{2069}').chain(hidden) {
            assert_eq!(text(character.to_string().as_bytes()), character.escape_unicode().to_string());
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_become_visible() {
        assert_eq!(text(b"a\xffb\xe2\x82"), r"a\xffb\xe2\x82");
        assert_eq!(json(b"a\xffb\xe2\x82"), r"a\xffb\xe2\x82");
    }

    #[test]
    fn a_name_cannot_pretend_to_have_been_escaped() {
        assert_eq!(text(br"\x1b[0m"), r"\x5cx1b[0m");
        assert_eq!(text(br"\u{202e}"), r"\x5cu{202e}");
        assert_eq!(json(br"\xff"), r"\x5cxff");
    }

    proptest! {
        #[test]
        fn text_is_visible_whatever_the_name(name: Vec<u8>) {
            prop_assert!(text(&name).chars().all(is_visible), "{:?}", text(&name));
        }

        #[test]
        fn json_gives_the_bytes_back(name in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(b'\\'), Just(b'x'), b'0'..=b'9', Just(b'f'), Just(0x1b), Just(0xff)
        ], 0..16)) {
            prop_assert_eq!(restored(&json(&name)), name);
        }
    }
}
