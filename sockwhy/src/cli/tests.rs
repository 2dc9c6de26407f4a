use std::time::Duration;

use clap::{ColorChoice, CommandFactory, Parser};

use super::report::one_line;
use super::*;

fn parse(arguments: &[&str]) -> Result<Cli, String> {
    Cli::try_parse_from(["sockwhy"].iter().chain(arguments)).map_err(|error| one_line(&error))
}

fn trace(arguments: &[&str]) -> Result<TraceArgs, String> {
    let Command::Trace(args) = parse(&[&["trace"], arguments].concat())?.command else { panic!("another command") };
    Ok(args)
}

fn refused(arguments: &[&str]) -> String {
    trace(arguments).expect_err("these arguments make no sense")
}

#[test]
fn the_declarations_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn help_fits_eighty_columns_and_shows_examples() {
    let mut command = Cli::command();
    command.build();
    let trace = command.find_subcommand_mut("trace").unwrap().render_help().to_string();
    for help in [Cli::command().render_help().to_string(), trace] {
        assert!(help.contains("\nExamples:\n"));
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn common_options_stand_before_or_after_the_command() {
    for arguments in [["-o", "json", "-vv", "trace"], ["trace", "-vv", "--output", "json"]] {
        let common = parse(&arguments).unwrap().common;
        assert_eq!((common.output, common.color, common.verbose), (OutputFormat::Json, ColorChoice::Auto, 2));
    }
}

#[test]
fn every_filter_can_be_repeated() {
    let args = trace(&[
        "-p",
        "1",
        "--pid",
        "2147483647",
        "--uid",
        "0",
        "--uid",
        "1000",
        "--port",
        "1",
        "--port",
        "65535",
        "--net",
        "10.0.0.1",
        "--net",
        "::/0",
        "--comm",
        "a b",
        "--comm",
        "fifteen-bytes-x",
        "--event",
        "accept",
        "--event",
        "accept",
        "--family",
        "inet6",
        "--family",
        "inet6",
        "--label",
        "ipv4",
        "--label",
        "ipv6",
        "-4",
        "-4",
    ])
    .unwrap();
    let filters = args.filters;
    assert_eq!((filters.pid, filters.uid, filters.port), (vec![1, 2_147_483_647], vec![0, 1000], vec![1, 65535]));
    assert_eq!(filters.comm, [*b"a b\0\0\0\0\0\0\0\0\0\0\0\0\0", *b"fifteen-bytes-x\0"]);
    assert_eq!(filters.net, ["10.0.0.1/32".parse().unwrap(), "::/0".parse().unwrap()]);
    assert!(filters.ipv4 && !filters.ipv6);
}

#[test]
fn a_pid_is_a_positive_number() {
    for value in ["0", "-1", "-4", "java", "2147483648", "", "1.5"] {
        assert_eq!(
            refused(&["-p", value]),
            format!(
                "invalid value '{value}' for '--pid <PID>': a process id is a number from 1 to 2147483647; to \
                 filter by name, use --comm"
            )
        );
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    for (flag, value, expected) in [
        ("--port", "0", "a port is a number from 1 to 65535"),
        ("--port", "65536", "a port is a number from 1 to 65535"),
        ("--uid", "4294967295", "a user id is a number from 0 to 4294967294; for a name, id -u NAME prints it"),
        ("--uid", "root", "a user id is a number from 0 to 4294967294; for a name, id -u NAME prints it"),
        ("--count", "0", "a count is a number from 1 up"),
        ("--count", "-1", "a count is a number from 1 up"),
    ] {
        let message = refused(&[flag, value]);
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn a_network_of_another_form_is_refused() {
    for (value, expected) in [
        ("10.0.0.0/33", "the prefix of an IPv4 network is /0 to /32"),
        ("10.0.0.0/", "the prefix of an IPv4 network is /0 to /32"),
        ("10.0.0.0/+8", "the prefix of an IPv4 network is /0 to /32"),
        ("::/129", "the prefix of an IPv6 network is /0 to /128"),
        ("10/8", "'10' is not an IP address; a network looks like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7"),
    ] {
        let message = refused(&["--net", value]);
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn a_name_is_as_long_as_the_kernel_keeps_it() {
    let message = refused(&["--comm", "NetworkManagerX7"]);
    assert!(message.ends_with("the kernel keeps 15 bytes of a process's name: use 'NetworkManagerX'"), "{message}");
    let message = refused(&["--comm", "fünfzehn-und-mehr"]);
    assert!(message.ends_with(r"use $'f\xc3\xbcnfzehn-und-m'"), "{message}");
    assert!(refused(&["--comm", ""]).ends_with("a process's name is not empty"));
}

#[test]
fn durations_are_seconds() {
    for (value, milliseconds) in [("1", 1000), ("0.25", 250), ("31536000", 31_536_000_000)] {
        assert_eq!(trace(&["-d", value]).unwrap().duration, Some(Duration::from_millis(milliseconds)));
    }
    for value in ["0", "-1", "0.0000000001", "31536001", "nan", "inf", "1m", ""] {
        let message = refused(&["-d", value]);
        assert!(
            message.ends_with("a duration is a number of seconds, like 60 or 0.5, up to 31536000 (a year)"),
            "{message}"
        );
    }
}

#[test]
fn buffer_sizes_are_bytes() {
    for (value, bytes) in [("1", 1), ("512K", 512 << 10), ("16m", 16 << 20), ("1024M", 1 << 30)] {
        assert_eq!(trace(&["--buffer-size", value]).unwrap().buffer_size, bytes);
    }
    for value in ["0", "0K", "-1", "1025M", "1073741825", "4294967296", "4194304K5", "1G", "K", ""] {
        let message = refused(&["--buffer-size", value]);
        assert!(message.ends_with("like 65536, 512K or 16M, up to 1024M"), "{message}");
    }
}

#[test]
fn errors_take_one_line_and_say_what_would_be_right() {
    for (arguments, expected) in [
        (&["--foo"][..], "unexpected argument '--foo' found; see --help"),
        (&["--prot", "80"], "unexpected argument '--prot' found; a similar argument exists: '--port'; see --help"),
        (
            &["--event", "listen"],
            "invalid value 'listen' for '--event <EVENT>' [possible values: connect, accept, failed, established, closed, all]; see --help",
        ),
        (&["-4", "-6"], "the argument '-4' cannot be used with '-6'; see --help"),
        (&["-6", "-4"], "the argument '-6' cannot be used with '-4'; see --help"),
        (&["--pid"], "a value is required for '--pid <PID>' but none was supplied; see --help"),
        (&["31307"], "unexpected argument '31307' found; see --help"),
    ] {
        assert_eq!(refused(arguments), expected);
    }
}
