//! Whoever runs a process chooses its name. JSON keeps its bytes, text shows nothing that controls a terminal, in the
//! column of the owners and in the reasons.

use crate::harness::scenarios;
use crate::holder::Holder;
use crate::kinds::{Client, Listener};
use crate::listing::{list, rows};
use crate::outcome::Outcome;
use crate::samples::connect;

scenarios![hostile_names];

/// Each, what JSON says once it is parsed, and what text shows.
const NAMES: [(&[u8], &str, &str); 6] = [
    (b"\x1b[31mred\x1b[0m", "\u{1b}[31mred\u{1b}[0m", r"\x1b[31mred\x1b[0m"),
    (b"a\nb\tc\x7f", "a\nb\tc\u{7f}", r"a\x0ab\x09c\x7f"),
    (b"\xff\xfe no UTF-8", r"\xff\xfe no UTF-8", r"\xff\xfe no UTF-8"),
    (b"\"quoted\" \\x1b", r#""quoted" \x5cx1b"#, r#""quoted" \x5cx1b"#),
    ("\u{202e}turned".as_bytes(), "\u{202e}turned", r"\u{202e}turned"),
    (b"with  ,pid=1 fd=", "with  ,pid=1 fd", "with  ,pid=1 fd"),
];

fn hostile_names() -> Outcome {
    for (name, json, text) in NAMES {
        let listener = Listener::Inet.open(None)?;
        let (client, accepted) = connect(&listener, Client::Inet)?;
        let holder = Holder::start(name, &[&client])?;
        drop(client);
        let shown = rows(&["--pid", &holder.pid.to_string()])?;
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert_eq!(shown[0].owners.iter().flatten().map(|owner| owner.process.as_str()).collect::<Vec<_>>(), [json]);
        let port = shown[0].local_port.to_string();
        let other_end = rows(&["--port", &port])?;
        let named = format!("; the other end is {}/{text}, AF_INET", holder.pid);
        assert!(other_end.iter().any(|row| row.why.ends_with(&named)), "no {named:?} in {other_end:?}");

        for color in ["never", "always"] {
            let said = list(&["-a", "--color", color])?;
            let plain = said.stdout.replace("\x1b[1m", "").replace("\x1b[1;33m", "").replace("\x1b[0m", "");
            assert_eq!(plain == said.stdout, color == "never");
            let dangerous = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            assert!(!plain.contains(dangerous), "{plain:?}");
            assert!(plain.contains(&format!("{}/{text} ", holder.pid)), "no {text} in {plain}");
            assert_aligned(&plain);
        }
        drop((holder, accepted));
        crate::netlink::leave()?;
    }
    Ok(())
}

/// Every column begins where its heading does.
fn assert_aligned(table: &str) {
    let heading = table.lines().next().unwrap_or_default();
    for column in ["STATE", "LOCAL", "PEER", "LABEL", "PID/PROCESS", "WHY"] {
        let at = heading.find(column).unwrap_or_else(|| panic!("no {column} in {heading}"));
        for line in table.lines().skip(1) {
            let (before, cell) = line.split_at(at);
            assert!(before.ends_with(' ') && !cell.starts_with(' '), "{column}:\n{table}");
        }
    }
}
