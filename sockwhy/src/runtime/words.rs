//! Options in a file or a variable, as words.

/// Words of an `@file` or of a variable: separated by white space, quoted with `'` or `"`; in files, `#` begins a
/// comment and a backslash escapes within quotes ("java Command-Line Argument Files" in the JDK's `java` manual).
pub(super) fn words(content: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = content.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), b'\\') => word.get_or_insert_default().extend(bytes.next()),
            (None, b'\'' | b'"') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (None, b'#') if word.is_none() => {
                bytes.by_ref().find(|byte| matches!(byte, b'\n' | b'\r'));
            }
            (None, _) if byte.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_the_launcher_does() {
        let split = |text: &str| words(text.as_bytes()).into_iter().map(|word| String::from_utf8(word).expect("ASCII"));
        assert!(split("a 'b c' \"d \\\" e\" f'g'h # i\nj ''").eq(["a", "b c", "d \" e", "fgh", "j", ""]));
        assert!(split("  ").eq(Vec::<String>::new()));
        assert!(split("'never closed").eq(["never closed"]));
    }
}
