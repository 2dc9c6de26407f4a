//! Mail servers.

use std::process::Command;

use super::{configured, folder_of};
use crate::outcome::Outcome;
use crate::server::{Folder, Ready};
use crate::table::{
    ANY4, ANY6, Case, LOOPBACK, LOOPBACK4, LOOPBACK6, NONE, ONE, ONE4, ONE6, PAIR, SERVER, State, change, state,
};

const POSTFIX: State = state(&[], PAIR);
const POSTFIX_ON_ONE: State = state(&["inet_interfaces = 10.99.0.1, fd00:99::1"], ONE);
const DOVECOT: State = state(&[], PAIR);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "Postfix",
        program: "postfix",
        ready: Ready::Listens,
        start: postfix,
        usual: POSTFIX,
        changes: &[
            change("inet_protocols = ipv4", POSTFIX, state(&["inet_protocols = ipv4"], ANY4)),
            change("inet_interfaces = {ipv4}", POSTFIX_ON_ONE, state(&["inet_interfaces = 10.99.0.1"], ONE4)),
            change(
                "inet_interfaces = {ipv4}",
                state(&["inet_interfaces = loopback-only"], LOOPBACK),
                state(&["inet_interfaces = 127.0.0.1"], LOOPBACK4),
            ),
            change(
                "inet_protocols = all",
                state(&["inet_protocols = ipv6"], ANY6),
                state(&["inet_protocols = all"], PAIR),
            ),
            change("inet_interfaces = {ipv4}, {ipv6}", state(&["inet_interfaces = fd00:99::1"], ONE6), POSTFIX_ON_ONE),
            change("inet_protocols = ipv6", POSTFIX, state(&["inet_protocols = ipv6"], ANY6)),
            change("inet_interfaces = {ipv6}", POSTFIX_ON_ONE, state(&["inet_interfaces = fd00:99::1"], ONE6)),
            change("inet_interfaces = 0.0.0.0", POSTFIX, state(&["inet_interfaces = 0.0.0.0"], NONE)),
        ],
        ..SERVER
    },
    Case {
        name: "Dovecot",
        program: "dovecot",
        start: dovecot,
        usual: DOVECOT,
        changes: &[
            change("listen = {ipv4}", DOVECOT, state(&["listen = 0.0.0.0"], ANY4)),
            change(
                "listen = {ipv4}",
                state(&["listen = 127.0.0.1, ::1"], LOOPBACK),
                state(&["listen = 127.0.0.1"], LOOPBACK4),
            ),
            change("listen = {ipv4}, {ipv6}", state(&["listen = ::"], ANY6), state(&["listen = 0.0.0.0, ::"], PAIR)),
            change(
                "listen = {ipv4}, {ipv6}",
                state(&["listen = ::1"], LOOPBACK6),
                state(&["listen = 127.0.0.1, ::1"], LOOPBACK),
            ),
            change("listen = {ipv6}", DOVECOT, state(&["listen = ::"], ANY6)),
        ],
        ..SERVER
    },
];

/// Its programs read main.cf and master.cf of a folder.
fn postfix(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    let at = folder.path().display();
    for name in ["queue", "conf.d"] {
        std::fs::create_dir_all(folder.path().join(name))?;
    }
    folder_of("postfix", folder, "data")?;
    folder.file(
        "conf.d/main.cf",
        &format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             myhostname = localhost\nalias_maps =\nlocal_recipient_maps =\nsmtpd_peername_lookup = no\nsmtpd_relay_restrictions = reject\n{}\n",
            lines.join("\n")
        ),
    )?;
    folder.file(
        "conf.d/master.cf",
        "8080 inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\n\
         anvil unix - - n - 1 anvil\n",
    )?;
    Ok(super::command(folder, "postfix -c FOLDER/conf.d start-fg", &[]))
}

/// Its port of administration stands for those of its protocols, which need certificates and passwords.
fn dovecot(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        base_dir = FOLDER/run
        state_dir = FOLDER
        log_path = /dev/stderr
        protocols =
        ssl = no
        service doveadm {
          inet_listener test {
            port = 8080
          }
        }
        LINES
    ";
    configured(folder, "dovecot -F -c FOLDER/conf", CONFIGURATION, lines)
}
