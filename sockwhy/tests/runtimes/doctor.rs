//! `sockwhy doctor`: what it says of this host is true.

use std::process::Command;

use rustix::thread::{CapabilitySet, UnshareFlags};
use serde_json::Value;

use crate::answer::{sockwhy, sockwhy_in_new};
use crate::enter::Enter;
use crate::harness::scenarios;
use crate::input::nobody;
use crate::outcome::{Outcome, Stop};
use crate::program::{Copy, program};
use crate::said::Said;
use crate::{host, terminal};

scenarios![
    as_root,
    as_an_ordinary_user,
    without_single_capabilities,
    what_it_says_of_backends_is_so,
    in_namespaces,
    where_a_seccomp_filter_refuses_bpf,
    without_sysfs,
    with_little_memory_to_lock,
    with_tracefs,
    every_no_has_a_fix,
    every_fix_ends_with_a_command,
    text_and_json_say_the_same,
];

const ARGUMENTS: &[&str] = &["doctor", "-o", "json"];

/// The answers, by check.
struct Rows(Vec<Value>);

impl Rows {
    fn of(said: &Said) -> Outcome<Self> {
        assert!(matches!(said.code, Some(0 | 3)), "{said:?}");
        let rows = Self(said.objects()?);
        assert_eq!(rows.ok("tracing")? == Some(true), said.code == Some(0), "{said:?}");
        Ok(rows)
    }

    fn row(&self, check: &str) -> Outcome<&Value> {
        self.0.iter().find(|row| row["check"] == check).ok_or_else(|| Stop::failed(format!("no row {check}")))
    }

    fn ok(&self, check: &str) -> Outcome<Option<bool>> {
        Ok(self.row(check)?["ok"].as_bool())
    }
}

fn as_root() -> Outcome {
    let rows = Rows::of(&sockwhy(ARGUMENTS)?)?;
    for check in ["tracing", "BTF", "ring buffer", "CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "user namespace"] {
        assert_eq!(rows.ok(check)?, Some(true), "{}", rows.row(check)?);
    }
    Ok(())
}

fn as_an_ordinary_user() -> Outcome {
    let said = Said::by_sockwhy(&nobody(), Copy::of(&program())?.program(), ARGUMENTS)?;
    assert_eq!(said.code, Some(3));
    let rows = Rows::of(&said)?;
    for check in ["tracing", "ring buffer", "tracepoint", "CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"] {
        assert_eq!(rows.ok(check)?, Some(false), "{}", rows.row(check)?);
        assert_eq!(rows.row(check)?["fix"], "run it as root: sudo sockwhy doctor", "{check}");
    }
    assert_eq!(rows.ok("BTF")?, Some(true), "everybody may read that");
    Ok(())
}

fn without_single_capabilities() -> Outcome {
    let all = CapabilitySet::BPF | CapabilitySet::PERFMON | CapabilitySet::NET_ADMIN | CapabilitySet::SYS_PTRACE;
    for (name, capability, can_trace) in [
        ("CAP_BPF", CapabilitySet::BPF, false),
        ("CAP_PERFMON", CapabilitySet::PERFMON, false),
        ("CAP_NET_ADMIN", CapabilitySet::NET_ADMIN, true),
        ("CAP_SYS_PTRACE", CapabilitySet::SYS_PTRACE, true),
    ] {
        let enter = Enter { capabilities: Some((all - capability).bits()), ..Enter::default() };
        let rows = Rows::of(&Said::by_sockwhy(&enter, &program(), ARGUMENTS)?)?;
        assert_eq!(rows.ok("tracing")?, Some(can_trace), "without {name}");
        for check in ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"] {
            assert_eq!(rows.ok(check)?, Some(check != name), "without {name}: {}", rows.row(check)?);
        }
        // sudo gives root no more capabilities.
        let fix = rows.row(name)?["fix"].as_str().unwrap_or_default().to_owned();
        assert!(fix.contains(&name.replace("CAP_", "--cap-add ")), "{fix}");
        if !can_trace {
            let reason = rows.row("tracing")?["detail"].as_str().unwrap_or_default().to_owned();
            assert!(reason.contains(name), "{reason}");
        }
    }
    let enter = Enter { capabilities: Some((all - CapabilitySet::NET_ADMIN).bits()), ..Enter::default() };
    let rows = Rows::of(&Said::by_sockwhy(&enter, &program(), ARGUMENTS)?)?;
    assert_ne!(rows.ok("sock_ops")?, Some(true), "{}", rows.row("sock_ops")?);
    Ok(())
}

/// A trace starts with exactly the backends that it says work.
fn what_it_says_of_backends_is_so() -> Outcome {
    let rows = Rows::of(&sockwhy(ARGUMENTS)?)?;
    for backend in ["fentry", "kprobe", "tracepoint"] {
        let trace = sockwhy(&["trace", "--backend", backend, "--duration", "0.01"])?;
        assert_eq!(rows.ok(backend)? == Some(true), trace.code == Some(0), "{backend}: {}", trace.stderr);
    }
    Ok(())
}

fn in_namespaces() -> Outcome {
    let rows = Rows::of(&Said::by_sockwhy(&Enter { pids: true, ..Enter::default() }, &program(), ARGUMENTS)?)?;
    assert_eq!(rows.ok("PID namespace")?, None, "{}", rows.row("PID namespace")?);
    assert_eq!(rows.ok("tracing")?, Some(true));

    // A namespace of the root of every hierarchy hides nothing.
    let own = std::fs::read_to_string("/proc/self/cgroup")?;
    let sees_all = own.lines().all(|line| line.ends_with(":/")).then_some(true);
    for (namespace, check, expected) in [
        (UnshareFlags::NEWCGROUP, "cgroup namespace", sees_all),
        (UnshareFlags::NEWUSER, "user namespace", Some(false)),
    ] {
        let rows = Rows::of(&Said::by(sockwhy_in_new(namespace).args(ARGUMENTS))?)?;
        assert_eq!(rows.ok(check)?, expected, "{}", rows.row(check)?);
    }
    Ok(())
}

/// The kernel's age is not the reason.
fn where_a_seccomp_filter_refuses_bpf() -> Outcome {
    let filtered = Enter { seccomp: true, ..Enter::default() };
    let rows = Rows::of(&Said::by_sockwhy(&filtered, &program(), ARGUMENTS)?)?;
    for check in ["tracing", "ring buffer", "fentry", "tracepoint", "iterators"] {
        let row = rows.row(check)?.to_string();
        for words in ["a seccomp filter is on", "--security-opt seccomp=unconfined"] {
            assert!(row.contains(words), "no {words:?} in {row}");
        }
    }
    let said = Said::by_sockwhy(&filtered, &program(), &["trace", "--duration", "0.01"])?;
    assert_eq!((said.code, said.stderr.contains("seccomp=unconfined")), (Some(3), true), "{said:?}");
    Ok(())
}

/// Without it, nobody knows whether the kernel has BTF.
fn without_sysfs() -> Outcome {
    let hidden = Enter { hide: vec!["/sys".into()], ..Enter::default() };
    let rows = Rows::of(&Said::by_sockwhy(&hidden, &program(), ARGUMENTS)?)?;
    for check in ["BTF", "tracing"] {
        assert_eq!(rows.row(check)?["fix"], "mount it: sudo mount -t sysfs sysfs /sys", "{}", rows.row(check)?);
    }
    let detail = rows.row("BTF")?["detail"].as_str().unwrap_or_default();
    assert!(detail.ends_with("sysfs is not mounted on /sys"), "{detail}");
    Ok(())
}

/// Kernels before 5.11 count BPF against it.
fn with_little_memory_to_lock() -> Outcome {
    let capabilities = CapabilitySet::BPF | CapabilitySet::PERFMON | CapabilitySet::NET_ADMIN;
    let enter = Enter { memlock: Some(4096), capabilities: Some(capabilities.bits()), ..Enter::default() };
    let rows = Rows::of(&Said::by_sockwhy(&enter, &program(), ARGUMENTS)?)?;
    let row = rows.row("RLIMIT_MEMLOCK")?;
    assert!(row["detail"].as_str().is_some_and(|detail| detail.starts_with("4096 bytes")), "{row}");
    let matters = host::kernel() < (5, 11);
    assert_eq!((rows.ok("RLIMIT_MEMLOCK")?, rows.ok("tracing")?), (Some(!matters), Some(!matters)), "{row}");
    if matters {
        let tracing = rows.row("tracing")?.to_string();
        assert!(tracing.contains("RLIMIT_MEMLOCK") && tracing.contains("prlimit --memlock=unlimited"), "{tracing}");
    }
    Ok(())
}

fn with_tracefs() -> Outcome {
    let there = Enter { tracefs: Some("/sys/kernel/tracing".into()), ..Enter::default() };
    let rows = Rows::of(&Said::by_sockwhy(&there, &program(), ARGUMENTS)?)?;
    assert_eq!(rows.ok("tracefs")?, Some(true), "{}", rows.row("tracefs")?);
    Ok(())
}

fn every_no_has_a_fix() -> Outcome {
    for said in [sockwhy(ARGUMENTS)?, Said::by_sockwhy(&nobody(), Copy::of(&program())?.program(), ARGUMENTS)?] {
        for row in said.objects()? {
            let fields: Vec<_> = row.as_object().into_iter().flat_map(|object| object.keys()).collect();
            assert_eq!(fields, ["check", "command", "detail", "fix", "ok"], "{row}");
            assert_eq!(row["ok"] == true, row["fix"].is_null(), "{row}");
            assert!(row["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{row}");
        }
    }
    Ok(())
}

/// What a command to paste begins with.
const COMMANDS: [&str; 5] = ["sudo ", "cat ", "grep ", "uname ", "sockwhy "];

fn is_command(text: &str) -> bool {
    COMMANDS.iter().any(|command| text.starts_with(command))
}

/// As root, as an ordinary user, and in a user namespace, where `sudo` alone does not help. On a terminal the command
/// has a line of its own, further to the right than everything else.
fn every_fix_ends_with_a_command() -> Outcome {
    let copy = Copy::of(&program())?;
    let in_user_namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]).arg(copy.program());
        command
    };
    host::require_program("unshare")?;
    let anywhere: [&dyn Fn() -> Command; 4] = [
        &|| Enter::default().command(copy.program()),
        &|| nobody().command(copy.program()),
        &in_user_namespace,
        &|| sockwhy_in_new(UnshareFlags::NEWUSER),
    ];
    for command in anywhere {
        let rows = Said::by(command().args(ARGUMENTS))?.objects()?;
        let mut expected = Vec::new();
        for row in rows.iter().filter(|row| !row["fix"].is_null()) {
            let command = row["command"].as_str().ok_or_else(|| Stop::failed(format!("no command: {row}")))?;
            assert!(is_command(command), "{row}");
            assert!(row["fix"].as_str().is_some_and(|fix| fix.ends_with(&format!(": {command}"))), "{row}");
            expected.push(command.to_owned());
        }
        // A host where nothing is amiss.
        if expected.is_empty() {
            continue;
        }
        let text = terminal::run(command().arg("doctor"), 80)?.stdout;
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let right = text.lines().map(|line| indent(&line)).max().unwrap_or_default();
        let own_lines: Vec<_> = text.lines().filter(|line| indent(line) == right).map(str::trim).collect();
        assert_eq!(own_lines, expected, "{text}");
    }
    Ok(())
}

fn text_and_json_say_the_same() -> Outcome {
    let (text, rows) = (sockwhy(&["doctor"])?, sockwhy(ARGUMENTS)?.objects()?);
    assert_eq!(text.code, Some(0));
    for row in rows {
        let mark = match row["ok"].as_bool() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "partly",
        };
        let (check, detail) = (row["check"].as_str().unwrap_or_default(), row["detail"].as_str().unwrap_or_default());
        let is_it = |line: &str| {
            line.starts_with(mark) && line[mark.len()..].trim_start().starts_with(check) && line.ends_with(detail)
        };
        assert!(text.stdout.lines().any(is_it), "{row} is not in the text:\n{}", text.stdout);
    }
    Ok(())
}
