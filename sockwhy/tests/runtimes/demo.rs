//! `sockwhy demo`: an IPv4 connection that netstat calls tcp6, explained.

use std::fs;

use rustix::thread::UnshareFlags;

use crate::answer::{Answer, sockwhy, sockwhy_in_new};
use crate::harness::scenarios;
use crate::host;
use crate::input::nobody;
use crate::outcome::Outcome;
use crate::program::{Copy, program};
use crate::said::Said;
use crate::server::Sysctl;

scenarios![
    shows_the_three_sockets,
    shows_the_override,
    needs_no_privileges,
    leaves_nothing_behind,
    does_not_depend_on_bindv6only,
    says_that_there_is_no_loopback_device,
];

/// The explanation within the demo's object.
fn explanation(said: &Said) -> Outcome<(serde_json::Value, Answer)> {
    let object = said.answer()?.0;
    Ok((object.clone(), Answer(object["explanation"].clone())))
}

fn assert_three(said: &Said) -> Outcome {
    let (object, answer) = explanation(said)?;
    assert_eq!((object["v6only"].as_bool(), object["connected"].as_bool()), (Some(false), Some(true)));
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"]);
    assert_eq!(answer.labels("ESTABLISHED"), ["IPv4", "IPv4-over-AF_INET6"]);
    assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)));
    let protos: Vec<_> = answer.0["sockets"].as_array().into_iter().flatten().map(|socket| &socket["proto"]).collect();
    assert_eq!(protos.iter().filter(|proto| ***proto == "tcp6").count(), 2, "as netstat lists them");
    for rule in ["created-af-inet6", "dual-stack", "accepted", "ipv4-on-the-wire", "other-end", "connection"] {
        answer.cause(rule)?;
    }
    Ok(())
}

fn shows_the_three_sockets() -> Outcome {
    if !host::has_inet6() {
        let words = ["cannot make an AF_INET6 listener", "see whether this kernel has IPv6"];
        sockwhy(&["demo"])?.assert_refused(1, &words);
        return Ok(());
    }
    assert_three(&sockwhy(&["demo", "-o", "json"])?)?;
    let text = sockwhy(&["demo"])?;
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    for words in ["socket(AF_INET6)", "socket(AF_INET)", "→ connected", "dual-stack", "IPv4-over-AF_INET6"] {
        assert!(text.stdout.contains(words), "no {words}:\n{}", text.stdout);
    }
    Ok(())
}

fn assert_refused(said: &Said) -> Outcome {
    let (object, answer) = explanation(said)?;
    assert_eq!((object["v6only"].as_bool(), object["connected"].as_bool()), (Some(true), Some(false)));
    assert_eq!(answer.labels("LISTEN"), ["IPv6-only"]);
    assert_eq!(answer.labels("ESTABLISHED"), Vec::<&str>::new());
    assert_eq!(answer.verdict(), (Some(false), Some(true), Some(true)));
    answer.cause("no-ipv4-listener")?;
    Ok(())
}

fn shows_the_override() -> Outcome {
    host::require_inet6()?;
    assert_refused(&sockwhy(&["demo", "--v6only", "-o", "json"])?)?;
    let text = sockwhy(&["demo", "--v6only"])?;
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("→ connection refused") && text.stdout.contains("IPV6_V6ONLY"), "{}", text.stdout);
    Ok(())
}

fn needs_no_privileges() -> Outcome {
    host::require_inet6()?;
    let copy = Copy::of(&program())?;
    assert_three(&Said::by_sockwhy(&nobody(), copy.program(), &["demo", "-o", "json"])?)?;
    assert_refused(&Said::by_sockwhy(&nobody(), copy.program(), &["demo", "--v6only", "-o", "json"])?)
}

/// The state of a listener in `/proc/net/tcp6`.
const LISTEN: &str = " 0A ";

fn leaves_nothing_behind() -> Outcome {
    host::require_inet6()?;
    for arguments in [&["demo", "-o", "json"][..], &["demo", "--v6only", "-o", "json"]] {
        let (object, _) = explanation(&sockwhy(arguments)?)?;
        let port = format!(":{:04X} ", object["port"].as_u64().unwrap_or_default());
        let left = fs::read_to_string("/proc/thread-self/net/tcp6")?;
        assert!(!left.lines().any(|line| line.contains(&port) && line.contains(LISTEN)), "{left}");
    }
    Ok(())
}

fn does_not_depend_on_bindv6only() -> Outcome {
    host::require_inet6()?;
    let _set = Sysctl::set("ipv6/bindv6only", "1")?;
    assert_three(&sockwhy(&["demo", "-o", "json"])?)
}

/// In a network namespace whose loopback device is down the client cannot connect.
fn says_that_there_is_no_loopback_device() -> Outcome {
    host::require_inet6()?;
    Said::by(sockwhy_in_new(UnshareFlags::NEWNET).arg("demo"))?.assert_refused(1, &["cannot connect to 127.0.0.1"]);
    Ok(())
}
