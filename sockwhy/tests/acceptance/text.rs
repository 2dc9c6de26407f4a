//! Output for people.

/// Removes the only escape sequences that there may be: `ESC [ digits and semicolons m` (ECMA-48, SGR).
pub(crate) fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((code, rest)) if code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') => plain += rest,
            _ => plain.extend(["\x1b[", part]),
        }
    }
    plain
}
