use clap::Parser;

use super::*;
use crate::cli::{Cli, Command};

fn plan(arguments: &str) -> Result<TracePlan, Contradiction> {
    let words = ["sockwhy", "trace"].into_iter().chain(arguments.split_whitespace());
    let Command::Trace(args) = Cli::try_parse_from(words).unwrap().command else { panic!("another command") };
    TracePlan::new(args)
}

fn labels(arguments: &str) -> u8 {
    plan(arguments).unwrap().filters.labels
}

#[test]
fn without_arguments_everything_is_reported() {
    assert_eq!(
        plan(""),
        Ok(TracePlan {
            filters: FlowFilter {
                pids: vec![],
                uids: vec![],
                ports: vec![],
                comms: vec![],
                nets: vec![],
                labels: label_bit::ALL,
            },
            events: vec![Kind::Connect, Kind::Accept],
            max_flows: 131_072,
            backend: None,
            count: None,
            duration: None,
            buffer_size: 4 << 20,
            notes: vec![],
        })
    );
}

#[test]
fn repeated_values_are_kept_once() {
    let filters = plan("-p 7 --port 80 -p 3 --port 443 -p 7 --comm java --comm java --uid 0 --uid 0").unwrap().filters;
    assert_eq!((filters.pids, filters.ports, filters.uids), (vec![3, 7], vec![80, 443], vec![0]));
    assert_eq!(filters.comms, [*b"java\0\0\0\0\0\0\0\0\0\0\0\0"]);
}

#[test]
fn family_and_wire_become_labels() {
    use label_bit::{ALL, IPV4, IPV4_OVER_AF_INET6, IPV6};
    for (arguments, expected) in [
        ("--family inet", IPV4),
        ("--family inet6", IPV6 | IPV4_OVER_AF_INET6),
        ("--family inet --family inet6", ALL),
        ("-4", IPV4 | IPV4_OVER_AF_INET6),
        ("-6", IPV6),
        ("--family inet6 -4", IPV4_OVER_AF_INET6),
        ("--label ipv4 --label ipv4-over-af_inet6", IPV4 | IPV4_OVER_AF_INET6),
        ("--family inet -4 --label ipv4 --label ipv6", IPV4),
    ] {
        assert_eq!(labels(arguments), expected, "{arguments}");
    }
}

#[test]
fn filters_that_can_never_hold_together_are_named() {
    for (arguments, expected) in [
        ("--family inet -6", "--family inet (IPv4) and -6 (IPv6) can never both hold; drop one of them"),
        (
            "--family inet -6 --label ipv4 --label ipv6",
            "--family inet (IPv4) and -6 (IPv6) can never both hold; drop one of them",
        ),
        (
            "-n 3 --label ipv6 --family inet --port 80",
            "--family inet (IPv4) and --label ipv6 (IPv6) can never both hold; drop one of them",
        ),
        (
            "-6 --net 10.0.0.0/8",
            "-6 (IPv6) and --net 10.0.0.0/8 (IPv4 or IPv4-over-AF_INET6) can never both hold; drop one of them",
        ),
        (
            "--family inet6 -4 --label ipv4 --label ipv6",
            "--family inet6 (IPv6 or IPv4-over-AF_INET6), -4 (IPv4 or IPv4-over-AF_INET6) and \
             --label ipv4 --label ipv6 (IPv4 or IPv6) can never all hold; drop one of them",
        ),
    ] {
        assert_eq!(plan(arguments).unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_event_excludes_the_other() {
    for (arguments, events) in [
        ("--event connect", &[Kind::Connect][..]),
        ("--event accept", &[Kind::Accept]),
        ("--event accept --event connect", &[Kind::Connect, Kind::Accept]),
    ] {
        assert_eq!(plan(arguments).unwrap().events, events, "{arguments}");
    }
}

#[test]
fn a_backend_is_wanted_or_none() {
    for backend in [Backend::Fentry, Backend::Kprobe, Backend::Tracepoint] {
        assert_eq!(plan(&format!("--backend {backend}")).unwrap().backend, Some(backend));
    }
}

#[test]
fn a_buffer_size_is_rounded_up_with_a_note() {
    for (arguments, size, noted) in [
        ("--buffer-size 4096", 4096, false),
        ("--buffer-size 1", 4096, true),
        ("--buffer-size 4097", 8192, true),
        ("--buffer-size 3M", 4 << 20, true),
        ("--buffer-size 1024M", 1 << 30, false),
        ("--buffer-size 1073741823", 1 << 30, true),
    ] {
        let plan = plan(arguments).unwrap();
        assert_eq!((plan.buffer_size, plan.notes.len()), (size, usize::from(noted)), "{arguments}");
    }
}
