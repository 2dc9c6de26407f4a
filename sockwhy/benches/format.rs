//! What one event costs between the ring buffer and the write: decoding, its sentence, its line.

use std::hint::black_box;

use bytemuck::{Zeroable, bytes_of};
use criterion::{Criterion, Throughput};
use jiff::tz::TimeZone;
use sockwhy::model::event::{Event, Record};
use sockwhy::sink::{Format, Json, Text};
use sockwhy::term::Terminal;
use sockwhy_common::{AF_INET, AF_INET6, COMM_LEN, Head, Kind, Opened, flags};

/// 2026-01-01 00:00:00 UTC.
const START: u64 = 1_767_225_600_000_000_000;
/// Between two events, at 100 000 a second.
const STEP: u64 = 10_000;

fn name(text: &str) -> [u8; COMM_LEN] {
    let mut name = [0; COMM_LEN];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

fn event(kind: Kind, family: u16, local: &str, peer: &str) -> Opened {
    let address = |text: &str| text.parse::<std::net::Ipv6Addr>().map(|address| address.octets()).unwrap_or_default();
    Opened {
        head: Head {
            cookie: 4_242,
            local_addr: address(local),
            peer_addr: address(peer),
            family,
            local_port: 4_243,
            peer_port: 51_514,
            kind: kind as u8,
            flags: if matches!(kind, Kind::Accept) { flags::LISTENER } else { 0 },
            ..Head::zeroed()
        },
        cgroup_id: 1_234_567,
        pid: 31_307,
        tid: 31_342,
        uid: 1_000,
        netns: 4_026_531_840,
        process: name("java"),
        thread: name("http-nio-4243-A"),
        ..Opened::zeroed()
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
    .map(|event| bytes_of(event).to_vec())
    .collect()
}

fn events(records: &[Vec<u8>]) -> Vec<Event> {
    records.iter().filter_map(|record| decode(record, START)).collect()
}

/// The event that begins a connection.
fn decode(record: &[u8], wall_clock: u64) -> Option<Event> {
    match Record::decode(record, wall_clock) {
        Ok(Record::Begun(_, begun)) => Some(begun.into()),
        _ => None,
    }
}

/// Lines of a batch, each event a little later than the one before.
fn bench_format(bencher: &mut criterion::Bencher<'_>, records: &[Vec<u8>], mut format: impl Format) {
    let (mut out, mut time) = (Vec::new(), START);
    bencher.iter(|| {
        out.clear();
        for record in records {
            time += STEP;
            if let Some(event) = decode(black_box(record), time) {
                format.event(&mut out, &event);
            }
        }
        black_box(&out);
    });
}

fn benches(criterion: &mut Criterion) {
    let records = records();
    let events = events(&records);
    assert_eq!(events.len(), records.len());
    let mut group = criterion.benchmark_group("event");
    group.throughput(Throughput::Elements(records.len() as u64));

    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for record in &records {
                let _event = black_box(decode(black_box(record), START));
            }
        });
    });
    group.bench_function("why", |bencher| {
        let mut out = String::new();
        bencher.iter(|| {
            out.clear();
            for event in &events {
                use std::fmt::Write;
                let _infallible = write!(out, "{}", black_box(event).why());
            }
            black_box(&out);
        });
    });
    let text = || Text::new(Terminal { color: true, width: Some(100) }, TimeZone::UTC, &[Kind::Connect, Kind::Accept]);
    group.bench_function("text", |bencher| bench_format(bencher, &records, text()));
    group.bench_function("json", |bencher| bench_format(bencher, &records, Json::default()));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
