//! What one event costs between the ring buffer and the write: decoding, its sentence, its line.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use jiff::tz::TimeZone;
use sockwhy::{
    flow::Flow,
    output::{Formatter, Json, Terminal, Text},
};
use sockwhy_common::{AF_INET, AF_INET6, COMM_LEN, FlowEvent, Kind, flags};

/// 2026-01-01 00:00:00 UTC.
const START: u64 = 1_767_225_600_000_000_000;
/// Between two events, at 100 000 a second.
const STEP: u64 = 10_000;

fn name(text: &str) -> [u8; COMM_LEN] {
    let mut name = [0; COMM_LEN];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

fn event(kind: Kind, family: u16, local: &str, peer: &str) -> FlowEvent {
    let address = |text: &str| text.parse::<std::net::Ipv6Addr>().map(|address| address.octets()).unwrap_or_default();
    FlowEvent {
        cookie: 4_242,
        cgroup_id: 1_234_567,
        pid: 31_307,
        tid: 31_342,
        uid: 1_000,
        netns: 4_026_531_840,
        local_addr: address(local),
        peer_addr: address(peer),
        process: name("java"),
        thread: name("http-nio-4243-A"),
        family,
        local_port: 4_243,
        peer_port: 51_514,
        flags: if matches!(kind, Kind::Accept) { flags::LISTENER } else { 0 },
        ..FlowEvent::new(kind)
    }
}

/// A mixture as a busy server sees it: two of three flows are IPv4 on `AF_INET6` sockets.
fn records() -> Vec<Vec<u8>> {
    [
        event(Kind::Accept, AF_INET6, "::ffff:10.0.0.12", "::ffff:10.0.0.20"),
        event(Kind::Connect, AF_INET6, "::ffff:10.0.0.12", "::ffff:162.222.40.93"),
        event(Kind::Accept, AF_INET6, "2001:db8::12", "2001:db8:0:1::20"),
        event(Kind::Connect, AF_INET, "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        event(Kind::Accept, AF_INET6, "::ffff:10.0.0.12", "::ffff:10.0.0.21"),
        event(Kind::Connect, AF_INET6, "::ffff:10.0.0.12", "::ffff:162.222.40.94"),
    ]
    .iter()
    .map(|event| {
        // SAFETY: a `FlowEvent` is plain bytes without padding.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(event).cast::<u8>(), size_of::<FlowEvent>()) }.to_vec()
    })
    .collect()
}

fn flows(records: &[Vec<u8>]) -> Vec<Flow> {
    records.iter().filter_map(|record| Flow::decode(record).ok()).collect()
}

fn benches(criterion: &mut Criterion) {
    let records = records();
    let flows = flows(&records);
    assert_eq!(flows.len(), records.len());
    let mut group = criterion.benchmark_group("event");
    group.throughput(Throughput::Elements(records.len() as u64));

    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for record in &records {
                let _flow = black_box(Flow::decode(black_box(record)));
            }
        });
    });
    group.bench_function("why", |bencher| {
        let mut out = String::new();
        bencher.iter(|| {
            out.clear();
            for flow in &flows {
                use std::fmt::Write;
                let _infallible = write!(out, "{}", black_box(flow).why());
            }
            black_box(&out);
        });
    });
    let text = || Formatter::Text(Text::new(Terminal { color: true, width: Some(100) }, TimeZone::UTC));
    for (name, mut formatter) in [("text", text()), ("json", Formatter::Json(Json::new()))] {
        group.bench_function(name, |bencher| {
            let (mut out, mut time) = (Vec::new(), START);
            bencher.iter(|| {
                out.clear();
                for record in &records {
                    time += STEP;
                    if let Ok(flow) = Flow::decode(black_box(record)) {
                        formatter.flow(&mut out, time, &flow);
                    }
                }
                black_box(&out);
            });
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
