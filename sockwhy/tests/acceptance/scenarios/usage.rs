//! Wrong command lines: one line that says what would be right, and exit code 2.

use std::process::Command;

use super::scenarios;
use crate::outcome::Outcome;
use crate::program::program;
use crate::session::Session;

scenarios![values_that_are_wrong, flags_that_exclude_each_other, buffer_size_that_is_no_power_of_two];

/// Asserts that `sockwhy trace` refuses these arguments, with an error that contains `names`.
fn assert_wrong(session: &Session, arguments: &str, names: &str) -> Outcome {
    let mut command = Command::new(program());
    command.args(["trace", "--backend", &session.backend.to_string()]).args(arguments.split(' '));
    let output = command.output()?;
    let stderr = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments}: {stderr}");
    assert!(stderr.starts_with("sockwhy: "), "{arguments}: {stderr}");
    assert!(stderr.contains(names), "{arguments}, no {names:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments}");
    Ok(())
}

fn values_that_are_wrong(session: &Session) -> Outcome {
    for (arguments, names) in [
        ("--no-such-flag", "--no-such-flag"),
        ("--pid 0", "--pid"),
        ("--pid -1", "--pid"),
        ("--pid java", "--comm"),
        ("--pid 99999999999999999999", "--pid"),
        ("--net 10.0.0.0/33", "--net"),
        ("--net ::/129", "--net"),
        ("--net 10.0.0/8", "--net"),
        ("--port 65536", "65535"),
        ("--port http", "--port"),
        ("--uid root", "--uid"),
        ("--comm 0123456789abcdef", "0123456789abcde"),
        ("--event close", "accept"),
        ("--family unix", "inet6"),
        ("--label tcp6", "ipv4-over-af_inet6"),
        ("--count 0", "--count"),
        ("--count -1", "--count"),
        ("--duration -1", "--duration"),
        ("--duration soon", "--duration"),
        ("--buffer-size 0", "--buffer-size"),
        ("--buffer-size -1", "--buffer-size"),
        ("--output xml", "json"),
        ("stray", "stray"),
    ] {
        assert_wrong(session, arguments, names)?;
    }
    Ok(())
}

fn flags_that_exclude_each_other(session: &Session) -> Outcome {
    for (arguments, names) in [
        ("-4 -6", "-6"),
        ("--family inet -6", "-6"),
        ("--label ipv4 -6", "-6"),
        ("--label ipv6 -4", "-4"),
        ("--label ipv4 --family inet6", "--family"),
        ("--label ipv4-over-af_inet6 --family inet", "--family"),
        ("-4 --net 2001:db8::/32", "--net"),
        ("-6 --net 10.0.0.0/8", "--net"),
        ("--family inet --net 2001:db8::/32", "--net"),
    ] {
        assert_wrong(session, arguments, names)?;
    }
    Ok(())
}

fn buffer_size_that_is_no_power_of_two(session: &Session) -> Outcome {
    let tracer = session.trace().arguments(["--buffer-size", "100000"]).start()?;
    let stderr = tracer.stderr();
    assert!(stderr.contains("131072") && stderr.contains("power of two"), "{stderr}");
    let finished = tracer.stop()?;
    assert_eq!(finished.status.code(), Some(0));
    Ok(())
}
