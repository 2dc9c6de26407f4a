//! The answer as text.

use super::*;
use crate::page::explain_text;
use crate::term::Terminal;

#[test]
fn names_cannot_write_to_the_terminal() {
    let world = World::default().process(PID, "\x1b[2Jevil", "").listener(Family::Inet6, "[::]:80", false);
    world.explain(":80", |explanation| {
        let texts = explanation.causes.iter().map(|cause| &cause.text).chain([&explanation.verdict.text]);
        assert!(texts.clone().any(|text| text.contains(r"\x1b[2Jevil")), "{:?}", texts.collect::<Vec<_>>());
        assert!(texts.clone().all(|text| text.chars().all(|character| !character.is_control())));
    });
}

#[test]
fn text_fits_the_terminal() {
    for width in [60, 80, 100, 200] {
        question().explain(&PID.to_string(), |explanation| {
            let terminal = Terminal { color: false, width: Some(width) };
            let text = String::from_utf8(explain_text(explanation, terminal, true)).expect("it is UTF-8");
            let table = text.lines().skip_while(|line| !line.starts_with("PROTO")).take_while(|line| !line.is_empty());
            let table = table.count();
            let prose = text.lines().filter(|line| !line.starts_with("PROTO") && !line.starts_with("tcp"));
            for line in prose {
                let columns = line.chars().count();
                assert!(columns <= usize::from(width.min(100)), "{width}: {columns} columns: {line}");
            }
            assert!(table > 3, "the three sockets:\n{text}");
        });
    }
}

/// Whatever there is to say.
#[test]
fn forty_lines_are_enough() {
    let workers = || {
        let pids = 1000..1064;
        let world = pids.clone().fold(host(), |world, pid| world.process(pid, "nginx", "nginx"));
        pids.fold(world, |world, pid| {
            let world = world.listener_of(&[pid], Family::Inet6, "[::]:80", true);
            world.listener_of(&[pid], Family::Inet, "0.0.0.0:80", false)
        })
    };
    let everything = || {
        let world = (1..=30).fold(java(), |world, port| {
            let world = world.listener(Family::Inet6, &format!("[::]:{port}"), port % 2 == 0);
            world.listener(Family::Inet6, &format!("[2001:db8::1]:{}", port + 100), true)
        });
        let world = world.setting("java.net.preferIPv4Stack", &"x".repeat(100_000), "_JAVA_OPTIONS");
        (1..=200).fold(world, |world, port| {
            let world = world.connection(Family::Inet6, "10.0.0.19:1", &format!("10.0.0.20:{port}"));
            world
                .connection(Family::Inet6, &format!("[2001:db8::1]:{port}"), "[2001:db8::2]:80")
                .opened(Opening::Active)
        })
    };
    for (world, target) in [(workers as fn() -> World, ":80"), (everything, "31307")] {
        for width in [Some(40), Some(80), Some(100), None] {
            world().explain(target, |explanation| {
                let terminal = Terminal { color: false, width };
                let text = String::from_utf8(explain_text(explanation, terminal, false)).expect("it is UTF-8");
                assert!(text.lines().count() <= 40, "{} lines:\n{text}", text.lines().count());
                assert!(text.ends_with(&format!("sockwhy explain -v {target}\n")), "{text}");
                assert!(width.is_none_or(|width| width < 80) || text.contains("\nWhy\n"), "{text}");
            });
        }
    }
}
