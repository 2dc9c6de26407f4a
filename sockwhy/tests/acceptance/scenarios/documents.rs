//! The commands that the README and the help tell people to paste do something.

use std::process::Command;

use super::scenarios;
use crate::outcome::Outcome;
use crate::program::program;
use crate::session::Session;

scenarios![commands_to_paste_run];

const README: &str = include_str!("../../../../README.md");

/// The documents' placeholder for a PID.
const SOME_PID: &str = "31307";

fn commands_to_paste_run(_: &Session) -> Outcome {
    let help = Command::new(program()).args(["trace", "--help"]).output()?;
    let help = String::from_utf8(help.stdout)?;
    for (document, text) in [("the README", README), ("the help", &help)] {
        let commands = commands(text);
        assert!(!commands.is_empty(), "{document} has no commands");
        for mut arguments in commands {
            let this = std::process::id().to_string();
            arguments.iter_mut().filter(|argument| *argument == SOME_PID).for_each(|pid| pid.clone_from(&this));
            let output = Command::new(program()).arg("trace").args(&arguments).args(["-d", "0.1"]).output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{document}: trace {}\n{stderr}", arguments.join(" "));
        }
    }
    Ok(())
}

/// The arguments of every `sudo sockwhy trace` in a text, without `-d` and what the shell takes.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("sudo sockwhy trace"));
    let arguments = |line: &str| {
        let words = line.split_whitespace().take_while(|word| !matches!(*word, "#" | "|" | ">"));
        let mut arguments: Vec<_> = words.map(str::to_owned).collect();
        if let Some(duration) = arguments.iter().position(|argument| argument == "-d") {
            arguments.drain(duration..duration + 2);
        }
        arguments
    };
    lines.map(arguments).collect()
}
