//! Targets that cannot be explained, and hostile input.

use std::process::{Command, Stdio};

use crate::answer::{explain, sockwhy};
use crate::enter::Enter;
use crate::harness::scenarios;
use crate::outcome::Outcome;
use crate::program::{Copy, NOBODY, program};
use crate::said::Said;
use crate::server::{Folder, PORT, Ready, Server};
use crate::{host, puppet};

scenarios![
    targets_of_the_wrong_form,
    processes_and_ports_that_are_not_there,
    another_users_process,
    an_ordinary_user_sees_what_is_theirs,
    names_that_write_to_the_terminal,
    command_lines_that_write_to_the_terminal,
    processes_that_end_meanwhile,
    a_reader_that_goes_away,
    text_and_json_say_the_same,
];

pub(crate) fn nobody() -> Enter {
    Enter { user: Some(NOBODY), capabilities: Some(0), ..Enter::default() }
}

fn targets_of_the_wrong_form() -> Outcome {
    for (target, words) in [
        (":99999", "65535"),
        (":0", "65535"),
        (":http", "65535"),
        ("::1:80", "[::1]:PORT"),
        ("10.0.0:80", "not an IP address"),
        ("localhost:80", "not an IP address"),
        ("java", "a PID like 31307"),
        ("-1", "a PID like 31307"),
        ("99999999999", "a PID like 31307"),
        ("", "a PID like 31307"),
    ] {
        sockwhy(&["explain", target])?.assert_refused(2, &[words]);
    }
    Ok(())
}

fn processes_and_ports_that_are_not_there() -> Outcome {
    let mut gone = Command::new("true").spawn()?;
    let pid = gone.id().to_string();
    gone.wait()?;
    sockwhy(&["explain", &pid])?.assert_refused(1, &[&pid, "ps -e"]);
    sockwhy(&["explain", ":9"])?.assert_refused(1, &[":9", "sockwhy list -a"]);
    sockwhy(&["explain", "192.0.2.7:9"])?.assert_refused(1, &["192.0.2.7:9"]);
    let this = std::process::id().to_string();
    sockwhy(&["explain", &this])?.assert_refused(1, &[&this, "no TCP sockets"]);
    Ok(())
}

fn another_users_process() -> Outcome {
    let copy = Copy::of(&program())?;
    let server = Server::start(&mut puppet::command(&["listen", "[::]:8080"])?, Ready::SaysSo)?;
    let pid = server.pid().to_string();
    Said::by_sockwhy(&nobody(), copy.program(), &["explain", &pid])?.assert_refused(3, &[&pid, "sudo sockwhy explain"]);

    // Everybody may see the port. Only its owner and root may see the process.
    let answer = Said::by_sockwhy(&nobody(), copy.program(), &["explain", ":8080", "-o", "json"])?.answer()?;
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"]);
    assert_eq!(answer.verdict(), (Some(true), Some(true), Some(false)));
    answer.cause("owner-hidden")?;
    assert_eq!(answer.runtime(), None);
    Ok(())
}

fn an_ordinary_user_sees_what_is_theirs() -> Outcome {
    host::require_inet6()?;
    let (copy, puppet) = (Copy::of(&program())?, Copy::of(&std::env::current_exe()?)?);
    let mut command = nobody().command(puppet.program());
    command.args([puppet::ARGUMENT, "listen-v6only", "[::]:8080", "1"]);
    let server = Server::start(&mut command, Ready::SaysSo)?;
    let answer =
        Said::by_sockwhy(&nobody(), copy.program(), &["explain", &server.pid().to_string(), "-o", "json"])?.answer()?;
    assert_eq!(answer.labels("LISTEN"), ["IPv6-only"]);
    assert_eq!(answer.runtime(), Some("Rust"));
    answer.cause("v6only-set")?;
    Ok(())
}

fn assert_harmless(text: &str) {
    let control = text.chars().find(|character| character.is_control() && *character != '\n');
    assert_eq!(control, None, "{text:?}");
}

fn names_that_write_to_the_terminal() -> Outcome {
    let name = b"\x1b[2J\xe2\x80\xae\n\x07\xff\\";
    let codes: Vec<_> = name.iter().map(|byte| format!("{byte:x}")).collect();
    let server =
        Server::start(&mut puppet::command(&["name", &codes.join(" "), "listen", "[::]:8080"])?, Ready::SaysSo)?;
    for target in [server.pid().to_string(), ":8080".to_owned()] {
        let text = sockwhy(&["explain", &target, "--color", "never"])?;
        assert_eq!(text.code, Some(0), "{text:?}");
        assert_harmless(&text.stdout);
        assert!(text.stdout.contains(r"\x1b[2J\u{202e}\x0a\x07\xff"), "{}", text.stdout);
        explain(target)?;
    }
    Ok(())
}

/// A process that claims to be a JVM, with settings that no JVM has.
fn command_lines_that_write_to_the_terminal() -> Outcome {
    let folder = Folder::make()?;
    let library = folder.file("libjvm.so", &"x".repeat(8192))?;
    let script = format!(
        "import mmap, socket, sys\n\
         library = open('{}', 'rb')\n\
         kept = mmap.mmap(library.fileno(), 0, prot=mmap.PROT_READ)\n\
         listener = socket.create_server(('', {PORT}), family=socket.AF_INET6, dualstack_ipv6=True)\n\
         print('ready', flush=True)\n\
         sys.stdin.read()\n",
        library.display()
    );
    let script = folder.file("script.py", &script)?;
    host::require_program("python3")?;
    let interpreter = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output()?;
    let mut command = Command::new(String::from_utf8(interpreter.stdout)?.trim());
    command.arg(script).arg("-Djava.net.preferIPv4Stack=\x1b[31mtrue\u{202e}");
    command.env("JAVA_TOOL_OPTIONS", "-Djava.net.preferIPv4Stack=\x1b]0;title\x07 @/dev/zero '");
    command.env("_JAVA_OPTIONS", "-Djava.net.preferIPv4Stack=".to_owned() + &"x".repeat(100_000));
    let _server = Server::start(&mut command, Ready::SaysSo)?;
    let text = sockwhy(&["explain", ":8080", "--color", "never"])?;
    assert_eq!(text.code, Some(0), "{text:?}");
    assert_harmless(&text.stdout);
    let answer = explain(format!(":{PORT}"))?;
    assert_eq!(answer.runtime(), Some("Java"), "that is what it looks like");
    assert_eq!(answer.settings("java.net.preferIPv4Stack").len(), 3);
    Ok(())
}

/// They are there when they are listed and gone when they are looked at, or the other way round.
fn processes_that_end_meanwhile() -> Outcome {
    for _ in 0..10 {
        let mut child =
            puppet::command(&["listen", "[::]:8080"])?.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        for target in [child.id().to_string(), format!(":{PORT}")] {
            let said = sockwhy(&["explain", &target])?;
            assert!(matches!(said.code, Some(0 | 1)), "{said:?}");
            assert_eq!(said.code == Some(0), said.stderr.is_empty(), "{said:?}");
        }
        child.wait()?;
    }
    Ok(())
}

fn a_reader_that_goes_away() -> Outcome {
    let _server = Server::start(&mut puppet::command(&["listen", "[::]:8080"])?, Ready::SaysSo)?;
    for arguments in [&["explain", ":8080"][..], &["demo"], &["doctor"]] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let output = Command::new(program()).args(arguments).stdout(writer).stderr(Stdio::piped()).output()?;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn text_and_json_say_the_same() -> Outcome {
    let _server = Server::start(&mut puppet::command(&["listen", "[::]:8080"])?, Ready::SaysSo)?;
    let text = sockwhy(&["explain", "-v", ":8080"])?.stdout;
    let answer = explain(format!(":{PORT}"))?;
    assert_eq!(text.lines().next(), answer.0["verdict"]["text"].as_str(), "the verdict comes first");
    let rules = answer.rules();
    let causes = rules.iter().map(|rule| answer.cause(rule)).collect::<Outcome<Vec<_>>>()?;
    let sentences = causes.into_iter().chain(answer.notes()).chain(answer.remedies()).chain(answer.no_remedies());
    for sentence in sentences {
        assert!(text.contains(sentence), "{sentence:?} is not in the text:\n{text}");
    }
    let fields: Vec<_> = answer.0.as_object().into_iter().flat_map(|object| object.keys()).collect();
    assert_eq!(fields.len(), 8, "{fields:?}");
    for field in ["target", "processes", "sockets", "causes", "verdict", "notes", "remedies", "no_remedies"] {
        assert!(!answer.0[field].is_null(), "no {field}");
    }
    let brief = sockwhy(&["explain", ":8080"])?.stdout;
    assert!(brief.lines().count() <= 40, "{brief}");
    assert_eq!(brief.lines().next(), text.lines().next());
    assert!(brief.ends_with("All that is known: sockwhy explain -v :8080\n"), "{brief}");
    Ok(())
}
