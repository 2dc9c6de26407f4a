//! Web servers.

use std::process::Command;

use super::configured;
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, ONE, ONE4, PAIR, SERVER, State, change, state};

/// Debian's default site has both lines.
const NGINX: State = state(&["listen 0.0.0.0:8080;", "listen [::]:8080;"], PAIR);
const APACHE: State = state(&["Listen 8080"], DUAL);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "nginx",
        program: "nginx",
        start: nginx,
        usual: NGINX,
        others: &[state(&["listen 8080;"], ANY4), state(&["listen 10.99.0.1:8080;", "listen [fd00:99::1]:8080;"], ONE)],
        changes: &[
            change("listen {ipv4}:{port};", NGINX, state(&["listen 0.0.0.0:8080;"], ANY4)),
            change(
                "listen {ipv4}:{port};",
                state(&["listen 127.0.0.1:8080;", "listen [::1]:8080;"], LOOPBACK),
                state(&["listen 127.0.0.1:8080;"], LOOPBACK4),
            ),
            change(
                "listen {ipv4}:{port};",
                state(&["listen 10.99.0.1:8080;", "listen [fd00:99::1]:8080;"], ONE),
                state(&["listen 10.99.0.1:8080;"], ONE4),
            ),
            change("listen {ipv4}:{port}; listen [{ipv6}]:{port};", state(&["listen [::]:8080;"], ANY6), NGINX),
            change(
                "listen [::]:{port} ipv6only=off;",
                state(&["listen [::]:8080;"], ANY6),
                state(&["listen [::]:8080 ipv6only=off;"], DUAL),
            ),
            change("listen [{ipv6}]:{port};", NGINX, state(&["listen [::]:8080;"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "Apache",
        program: "apache2",
        start: apache,
        usual: APACHE,
        others: &[state(&["Listen [::]:8080"], DUAL)],
        changes: &[
            change("Listen {ipv4}:{port}", APACHE, state(&["Listen 0.0.0.0:8080"], ANY4)),
            change("Listen {port}", state(&["Listen 0.0.0.0:8080"], ANY4), APACHE),
            change(
                "<VirtualHost {ipv4}:{port}>",
                APACHE,
                state(&["Listen 8080", "<VirtualHost 0.0.0.0:8080>\n</VirtualHost>"], DUAL),
            ),
        ],
        ..SERVER
    },
];

/// The arguments are lines of the server's configuration.
pub(crate) fn nginx(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        daemon off; pid FOLDER/pid; error_log FOLDER/error.log; events {}
        http { access_log off; server { LINES location / { return 200; } } }";
    configured(folder, "/usr/sbin/nginx -p FOLDER -e FOLDER/error.log -c FOLDER/conf", CONFIGURATION, lines)
}

fn apache(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "
        ServerName localhost
        ServerRoot FOLDER
        DocumentRoot FOLDER
        PidFile FOLDER/pid
        ErrorLog FOLDER/error.log
        LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
        User nobody
        Group nogroup
        Mutex posixsem
        LINES
    ";
    configured(folder, "/usr/sbin/apache2 -D FOREGROUND -f FOLDER/conf", CONFIGURATION, lines)
}
