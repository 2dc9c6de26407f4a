//! Where a JVM's settings are found, whatever way they were given.

use std::fs;
use std::process::Command;

use crate::answer::{Answer, explain};
use crate::enter::Enter;
use crate::harness::scenarios;
use crate::host;
use crate::outcome::Outcome;
use crate::programs::java;
use crate::server::{Folder, PORT, Ready, Server};

scenarios![
    on_the_command_line,
    in_an_argument_file,
    in_an_argument_file_that_is_gone,
    in_a_container,
    in_each_variable,
    the_last_one_wins,
    behind_the_program,
    set_early_by_the_program,
    set_late_by_the_program,
];

const NAME: &str = "java.net.preferIPv4Stack";
const SET: &str = "-Djava.net.preferIPv4Stack=true";
const CLEARED: &str = "-Djava.net.preferIPv4Stack=false";

fn start(folder: &Folder, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Outcome<Server> {
    host::require_program("java")?;
    let mut command = java(folder, arguments)?;
    for variable in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        command.env_remove(variable);
    }
    prepare(&mut command);
    Server::start(&mut command, Ready::SaysSo)
}

fn look(arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Outcome<Answer> {
    let folder = Folder::make()?;
    let _jvm = start(&folder, arguments, prepare)?;
    explain(format!(":{PORT}"))
}

fn assert_in_effect(answer: &Answer, setting: &str) -> Outcome {
    assert_eq!(answer.settings(NAME), [setting]);
    assert_eq!(answer.labels("LISTEN"), ["IPv4"]);
    answer.cause("setting-in-effect")?;
    Ok(())
}

fn on_the_command_line() -> Outcome {
    assert_in_effect(&look(&[SET, "listen", "any"], |_| {})?, "true (the command line)")
}

fn in_an_argument_file() -> Outcome {
    let folder = Folder::make()?;
    let file = folder.file("options", &format!("# for the JVM\n\"{SET}\"\n"))?;
    let option = format!("@{}", file.display());
    assert_in_effect(&look(&[&option, "listen", "any"], |_| {})?, &format!("true ({option})"))
}

fn in_an_argument_file_that_is_gone() -> Outcome {
    let folder = Folder::make()?;
    let file = folder.file("options", SET)?;
    let _jvm = start(&folder, &[&format!("@{}", file.display()), "listen", "any"], |_| {})?;
    fs::remove_file(file)?;
    assert_in_effect(&explain(format!(":{PORT}"))?, "true (hsperfdata)")
}

/// There the JVM's PID is another, by which it names its counters.
fn in_a_container() -> Outcome {
    host::require_program("java")?;
    let folder = Folder::make()?;
    let file = folder.file("options", SET)?;
    let jvm = java(&folder, &[&format!("@{}", file.display()), "listen", "any"])?;
    let mut command = Enter { pids: true, ..Enter::default() }.command(jvm.get_program().as_ref());
    let _jvm = Server::start(command.args(jvm.get_args()), Ready::SaysSo)?;
    fs::remove_file(file)?;
    assert_in_effect(&explain(format!(":{PORT}"))?, "true (hsperfdata)")
}

fn in_each_variable() -> Outcome {
    for variable in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        let answer = look(&["listen", "any"], |command| {
            command.env(variable, format!("-Xmx64m {SET}"));
        })?;
        assert_in_effect(&answer, &format!("true ({variable})"))?;
    }
    Ok(())
}

fn the_last_one_wins() -> Outcome {
    let answer = look(&[SET, "listen", "any"], |command| {
        command.env("JAVA_TOOL_OPTIONS", SET).env("_JAVA_OPTIONS", CLEARED);
    })?;
    assert_eq!(answer.settings(NAME), ["true (JAVA_TOOL_OPTIONS)", "true (the command line)", "false (_JAVA_OPTIONS)"]);
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"], "that is what the JVM makes of it");
    assert!(!answer.rules().iter().any(|rule| rule.starts_with("setting")), "{:?}", answer.rules());
    Ok(())
}

fn behind_the_program() -> Outcome {
    let answer = look(&["listen", "any", SET], |_| {})?;
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"]);
    answer.cause("setting-misplaced")?;
    Ok(())
}

/// Which nobody can see from outside but by the socket.
fn set_early_by_the_program() -> Outcome {
    let answer = look(&["early"], |_| {})?;
    assert_eq!(answer.labels("LISTEN"), ["IPv4"]);
    assert_eq!(answer.settings(NAME), Vec::<String>::new());
    Ok(())
}

fn set_late_by_the_program() -> Outcome {
    let answer = look(&["late"], |_| {})?;
    assert_eq!(answer.labels("LISTEN"), ["dual-stack"]);
    assert!(answer.no_remedies().iter().any(|advice| advice.contains("once the program runs")));
    Ok(())
}
