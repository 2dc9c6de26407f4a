use std::net::SocketAddr;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use super::*;
use crate::model::errno::Errno;
use crate::model::event::{Accept, Begun, Connect, Event, Failed, Flow, Kind, Listener, Task};
use crate::model::{Family, Label, Name};
use crate::term::Terminal;

/// 2024-02-29 23:59:59.987654321 UTC.
const TIME: u64 = 1_709_251_199_987_654_321;

fn name(bytes: &[u8]) -> Name {
    let mut comm = [0; 16];
    comm[..bytes.len()].copy_from_slice(bytes);
    Name::from(comm)
}

/// The README's example: a JVM that listens on `[::]:4243` and has an IPv4 client.
fn accepted() -> Event {
    let (flow, task) = question();
    Event::Accept(Accept { flow, task, listener: Some(Listener { addr: "::".parse().unwrap(), v6only: false }) })
}

fn question() -> (Flow, Task) {
    let flow = Flow {
        time: TIME,
        netns: 4_026_531_840,
        cookie: Some(u64::MAX),
        family: Family::Inet6,
        label: Label::Ipv4OverAfInet6,
        local: "10.0.0.12:4243".parse().unwrap(),
        peer: "10.0.0.20:51514".parse().unwrap(),
        v6only: Some(false),
        mptcp: false,
    };
    let task = Task {
        pid: Some(31307),
        tid: Some(31342),
        uid: 1000,
        process: name(b"java"),
        thread: name(b"http-nio-4243-A"),
        cgroup_id: Some(4242),
    };
    (flow, task)
}

fn connected(family: Family, label: Label, local: &str, peer: &str) -> Event {
    let (flow, task) = question();
    let (local, peer) = (local.parse().unwrap(), peer.parse().unwrap());
    let v6only = (family == Family::Inet6).then_some(false);
    Event::Connect(Connect { flow: Flow { family, label, local, peer, v6only, ..flow }, task })
}

/// The same done by somebody else.
fn by(event: Event, change: impl FnOnce(&mut Task)) -> Event {
    let mut event = event;
    match &mut event {
        Event::Connect(Connect { task, .. }) | Event::Accept(Accept { task, .. }) => change(task),
        _ => panic!("no beginning"),
    }
    event
}

/// The same at another time.
fn at(event: Event, time: u64) -> Event {
    let mut event = event;
    match &mut event {
        Event::Connect(Connect { flow, .. }) | Event::Accept(Accept { flow, .. }) => flow.time = time,
        _ => panic!("no beginning"),
    }
    event
}

fn text(width: Option<u16>, color: bool) -> Text {
    Text::new(Terminal { color, width }, TimeZone::fixed(jiff::tz::offset(2)), &[Kind::Connect, Kind::Accept])
}

fn lines(mut format: impl Format, events: &[Event]) -> String {
    let mut out = Vec::new();
    format.header(&mut out);
    for event in events {
        format.event(&mut out, event);
    }
    String::from_utf8(out).unwrap()
}

fn json(event: &Event) -> String {
    lines(Json::default(), std::slice::from_ref(event))
}

#[test]
fn json_has_the_fields_of_the_interface_in_its_order() {
    assert_eq!(
        json(&accepted()),
        concat!(
            r#"{"time":"2024-02-29T23:59:59.987654321Z","event":"accept","pid":31307,"tid":31342,"uid":1000,"#,
            r#""process":"java","thread":"http-nio-4243-A","netns":4026531840,"cgroup_id":4242,"#,
            r#""cookie":18446744073709551615,"family":"AF_INET6","ip_version":4,"label":"IPv4-over-AF_INET6","#,
            r#""netstat":"tcp6","local_addr":"10.0.0.12","local_port":4243,"peer_addr":"10.0.0.20","#,
            r#""peer_port":51514,"v6only":false,"#,
            r#""why":"accepted on port 4243 by a dual-stack AF_INET6 listener; the peer is IPv4"}"#,
            "\n",
        )
    );
}

#[test]
fn json_has_null_for_what_is_not_known() {
    let (flow, task) = question();
    let flow = Flow { cookie: None, family: Family::Inet, label: Label::Ipv4, v6only: None, ..flow };
    let task = Task { pid: None, tid: None, cgroup_id: None, ..task };
    let event = Event::Connect(Connect { flow, task });
    let object: Value = serde_json::from_str(&json(&event)).unwrap();
    for field in ["pid", "tid", "cgroup_id", "cookie", "v6only"] {
        assert!(object[field].is_null(), "{field}");
    }
}

#[test]
fn a_new_second_changes_the_time() {
    let events = [0, 999_999_999, 1_000_000_000, u64::MAX, TIME].map(|time| at(accepted(), time));
    let times: Vec<_> = lines(Json::default(), &events)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["time"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        times,
        [
            "1970-01-01T00:00:00.000000000Z",
            "1970-01-01T00:00:00.999999999Z",
            "1970-01-01T00:00:01.000000000Z",
            "2554-07-21T23:34:33.709551615Z",
            "2024-02-29T23:59:59.987654321Z",
        ]
    );
}

#[test]
fn text_in_a_pipe_has_every_column() {
    let flows = [
        accepted(),
        connected(Family::Inet, Label::Ipv4, "127.0.0.1:40000", "127.0.0.1:5432"),
        by(connected(Family::Inet6, Label::Ipv6, "[2001:db8::12]:40001", "[2001:db8::20]:443"), |task| task.pid = None),
    ];
    assert_eq!(
        lines(text(None, false), &flows),
        "\
TIME         EVENT   PID/PROCESS             PROTO LABEL              LOCAL → PEER (← accepted)
01:59:59.987 accept  31307/java              tcp6  IPv4-over-AF_INET6 10.0.0.12:4243 ← 10.0.0.20:51514
01:59:59.987 connect 31307/java              tcp   IPv4               127.0.0.1:40000 → 127.0.0.1:5432
01:59:59.987 connect -/java                  tcp6  IPv6               [2001:db8::12]:40001 → [2001:db8::20]:443
"
    );
}

#[test]
fn text_fits_a_terminal_of_100_columns() {
    let flows = [accepted(), connected(Family::Inet, Label::Ipv4, "192.168.100.101:54321", "192.168.100.102:48080")];
    assert_eq!(
        lines(text(Some(100), false), &flows),
        "\
TIME         PID/PROCESS      PROTO LABEL              LOCAL → PEER (← accepted)
01:59:59.987 31307/java       tcp6  IPv4-over-AF_INET6 10.0.0.12:4243 ← 10.0.0.20:51514
01:59:59.987 31307/java       tcp   IPv4               192.168.100.101:54321 → 192.168.100.102:48080
"
    );
}

#[test]
fn text_is_usable_in_80_columns() {
    let flow = by(accepted(), |task| task.process = name(b"NetworkManager"));
    assert_eq!(
        lines(text(Some(80), false), &[flow]),
        "\
TIME     PID/PROCESS  LABEL              LOCAL → PEER (← accepted)
01:59:59 31307/Netwo… IPv4-over-AF_INET6 10.0.0.12:4243 ← 10.0.0.20:51514
"
    );
}

/// What became of the attempt that took this long.
fn ended(peer: &str, error: u32, nanoseconds: u64) -> Event {
    let (flow, task) = question();
    let flow = Flow { family: Family::Inet, label: Label::Ipv4, peer: peer.parse().unwrap(), v6only: None, ..flow };
    Event::Failed(Failed {
        begun: Begun::Connect(Connect { flow, task }),
        time: TIME + nanoseconds,
        error: (error != 0).then_some(Errno(error)),
        syn_retransmits: 1,
    })
}

#[test]
fn failures_say_their_reason_in_a_pipe_and_a_few_words_on_a_terminal() {
    let failures = [
        ended("255.255.255.255:65535", 111, 0),
        ended("255.255.255.255:65535", 110, 3_100_000_000),
        ended("255.255.255.255:65535", 0, 45_000_000),
        ended("255.255.255.255:65535", 113, 0),
    ];
    let in_a_pipe = lines(text(None, false), &failures);
    for reason in
        ["nobody listens on 255.255.255.255:65535, or a", "no answer to 2 SYNs in 3.1 s", "given up by its owner"]
    {
        assert!(in_a_pipe.contains(reason), "{reason}: {in_a_pipe}");
    }
    for columns in [80, 100] {
        let on_a_terminal = lines(text(Some(columns), false), &failures);
        for words in ["65535 refused", "65535 no answer in 3.1 s", "65535 given up in 45 ms", "65535 unreachable"] {
            assert!(on_a_terminal.contains(words), "{words}: {on_a_terminal}");
        }
        // At 80 columns the longest IPv4 addresses do not fit either.
        let room = usize::from(columns).max(86);
        assert!(on_a_terminal.lines().all(|line| width(line) <= room), "{on_a_terminal}");
    }
}

#[test]
fn mapped_flows_stand_out_in_colour() {
    let flows = [accepted(), connected(Family::Inet, Label::Ipv4, "127.0.0.1:1", "127.0.0.1:2")];
    let coloured = lines(text(None, true), &flows);
    assert!(coloured.contains("\x1b[1;33mIPv4-over-AF_INET6\x1b[0m "), "{coloured:?}");
    assert!(coloured.contains(" IPv4               127.0.0.1:1"), "{coloured:?}");
    let mut plain = coloured;
    for code in ["\x1b[1m", "\x1b[2m", "\x1b[1;33m", "\x1b[0m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, lines(text(None, false), &flows));
}

fn hostile_name() -> impl Strategy<Value = Vec<u8>> {
    const HOSTILE: [&str; 8] = ["\x1b[2J", "\u{202e}", "\u{9b}", "日本", "e\u{301}", "\\x1b", "\"", "\n"];
    let piece = prop_oneof![
        proptest::sample::select(&HOSTILE[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        proptest::collection::vec(1..=255_u8, 1..4),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| {
        let mut name = pieces.concat();
        name.truncate(15);
        name
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let socket = prop_oneof![
        Just((Family::Inet, Label::Ipv4)),
        Just((Family::Inet6, Label::Ipv6)),
        Just((Family::Inet6, Label::Ipv4OverAfInet6)),
    ];
    (socket, any::<bool>(), any::<[SocketAddr; 2]>(), hostile_name(), any::<Option<u32>>()).prop_map(
        |((family, label), accepted, [local, peer], process, pid)| {
            let (flow, task) = question();
            let flow = Flow { family, label, local, peer, ..flow };
            let task = Task { pid, process: name(&process), thread: name(&process), ..task };
            if accepted {
                Event::Accept(Accept { flow, task, listener: None })
            } else {
                Event::Connect(Connect { flow, task })
            }
        },
    )
}

fn width(line: &str) -> usize {
    line.chars().map(|character| character.width().unwrap_or_else(|| panic!("{character:?} in {line:?}"))).sum()
}

proptest! {
    #[test]
    fn json_is_one_line_that_parses(event in any_event()) {
        let line = json(&event);
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        prop_assert!(!line.trim_end().contains(|character: char| character.width().is_none_or(|width| width == 0)));
        let object: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&object["why"], &Value::from(event.why().to_string()));
        prop_assert_eq!(&object["peer_addr"], &Value::from(event.flow().peer.ip().to_string()));
        prop_assert_eq!(&object["process"], &object["thread"]);
    }

    #[test]
    fn text_stays_aligned_whatever_the_names(event in any_event(), columns in 0..200_u16) {
        let all = lines(text(Some(columns), false), &[accepted(), event]);
        let starts: Vec<_> = all
            .lines()
            .map(|line| {
                let label = ["LABEL ", "IPv4 ", "IPv6 ", "IPv4-over-AF_INET6 "].iter().filter_map(|label| line.rfind(label));
                width(&line[..label.min().unwrap()])
            })
            .collect();
        prop_assert_eq!(starts.len(), 3, "{}", all);
        prop_assert!(starts.iter().all(|start| *start == starts[0]), "{}", all);
    }

    #[test]
    fn text_has_no_control_bytes(event in any_event(), columns in proptest::option::of(0..200_u16)) {
        let all = lines(text(columns, false), std::slice::from_ref(&event));
        prop_assert!(all.lines().all(|line| !line.contains(char::is_control)), "{:?}", all);
        prop_assert_eq!(all.lines().count(), 2);
    }
}
