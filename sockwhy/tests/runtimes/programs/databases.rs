//! Databases and caches.

use std::process::Command;

use super::{command, configured, folder_of, run};
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, LOOPBACK, LOOPBACK4, LOOPBACK6, NONE, PAIR, SERVER, State, change, state};

const REDIS: State = state(&[], PAIR);
/// Debian's redis.conf.
const REDIS_OF_DEBIAN: State = state(&["bind 127.0.0.1 -::1"], LOOPBACK);
const MEMCACHED: State = state(&[], PAIR);
const MARIADB: State = state(&[], PAIR);
const POSTGRESQL: State = state(&["listen_addresses = '*'"], PAIR);
/// `localhost`, where /etc/hosts has it for both.
const POSTGRESQL_LOOPBACK: State = state(&["listen_addresses = '127.0.0.1, ::1'"], LOOPBACK);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "Redis",
        program: "redis-server",
        start: redis,
        usual: REDIS,
        changes: &[
            change("bind {ipv4}", REDIS, state(&["bind 0.0.0.0"], ANY4)),
            change("bind {ipv4}", REDIS_OF_DEBIAN, state(&["bind 127.0.0.1"], LOOPBACK4)),
            change("bind {ipv4} {ipv6}", state(&["bind ::"], ANY6), state(&["bind 0.0.0.0 ::"], PAIR)),
            change("bind {ipv6}", REDIS, state(&["bind ::"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "memcached",
        program: "memcached",
        start: memcached,
        usual: MEMCACHED,
        // Debian's memcached.conf.
        others: &[state(&["-l 127.0.0.1"], LOOPBACK4)],
        changes: &[
            change("-l {ipv4}", MEMCACHED, state(&["-l 0.0.0.0"], ANY4)),
            change("-l {ipv4}", state(&["-l 127.0.0.1,::1"], LOOPBACK), state(&["-l 127.0.0.1"], LOOPBACK4)),
            change("-l {ipv4},{ipv6}", state(&["-l ::"], ANY6), state(&["-l 0.0.0.0,::"], PAIR)),
            change("-l {ipv6}", MEMCACHED, state(&["-l ::"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "MariaDB",
        program: "mariadbd",
        start: mariadb,
        usual: MARIADB,
        // Debian's 50-server.cnf, and the line that others have.
        others: &[state(&["--bind-address=127.0.0.1"], LOOPBACK4), state(&["--bind-address=*"], PAIR)],
        changes: &[
            change("bind-address={ipv4}", MARIADB, state(&["--bind-address=0.0.0.0"], ANY4)),
            change(
                "bind-address={ipv4}",
                state(&["--bind-address=127.0.0.1,::1"], LOOPBACK),
                state(&["--bind-address=127.0.0.1"], LOOPBACK4),
            ),
            change(
                "bind-address={ipv4},{ipv6}",
                state(&["--bind-address=::"], ANY6),
                state(&["--bind-address=0.0.0.0,::"], PAIR),
            ),
            change(
                "bind-address={ipv4},{ipv6}",
                state(&["--bind-address=::1"], LOOPBACK6),
                state(&["--bind-address=127.0.0.1,::1"], LOOPBACK),
            ),
            change("bind-address={ipv6}", MARIADB, state(&["--bind-address=::"], ANY6)),
            change("mysqlx_bind_address={ipv4}", MARIADB, state(&["--mysqlx_bind_address=0.0.0.0"], NONE)),
        ],
        ..SERVER
    },
    Case {
        name: "PostgreSQL",
        program: "pg_ctlcluster",
        start: postgresql,
        usual: POSTGRESQL,
        changes: &[
            change("listen_addresses = '{ipv4}'", POSTGRESQL, state(&["listen_addresses = '0.0.0.0'"], ANY4)),
            change(
                "listen_addresses = '{ipv4}'",
                POSTGRESQL_LOOPBACK,
                state(&["listen_addresses = '127.0.0.1'"], LOOPBACK4),
            ),
            change(
                "listen_addresses = '{ipv4}, {ipv6}'",
                state(&["listen_addresses = '::'"], ANY6),
                state(&["listen_addresses = '0.0.0.0, ::'"], PAIR),
            ),
            change(
                "listen_addresses = '{ipv4}, {ipv6}'",
                state(&["listen_addresses = '127.0.0.1'"], LOOPBACK4),
                POSTGRESQL_LOOPBACK,
            ),
            change("listen_addresses = '{ipv6}'", POSTGRESQL, state(&["listen_addresses = '::'"], ANY6)),
        ],
        ..SERVER
    },
];

fn redis(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const CONFIGURATION: &str = "port 8080\nsave \"\"\ndir FOLDER\nprotected-mode no\nLINES\n";
    configured(folder, "redis-server FOLDER/conf", CONFIGURATION, lines)
}

/// Its configuration has options as the command line has them.
#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn memcached(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    Ok(command(folder, &format!("memcached -u nobody -p 8080 {}", lines.join(" ")), &[]))
}

/// Without privileges and without its usual tables, which take 100 MB.
fn mariadb(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    const LINE: &str = "mariadbd --no-defaults --user=mysql --datadir=FOLDER/data --port=8080 --socket=FOLDER/data/socket \
         --pid-file=FOLDER/data/pid --skip-grant-tables --skip-innodb --default-storage-engine=Aria";
    folder_of("mysql", folder, "data")?;
    Ok(command(folder, LINE, options))
}

/// Debian has it in a folder of its version, and not in PATH.
fn postgresql(folder: &Folder, lines: &[&str]) -> Outcome<Command> {
    const AS_POSTGRES: &str = "setpriv --reuid=postgres --regid=postgres --clear-groups";
    const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
    folder_of("postgres", folder, "data")?;
    let make = format!("{AS_POSTGRES} {PROGRAMS}/initdb -D FOLDER/data -A trust --no-sync");
    run(&mut command(folder, &make, &[]))?;
    folder.file("data/postgresql.auto.conf", &lines.join("\n"))?;
    let start = format!("{AS_POSTGRES} {PROGRAMS}/postgres -D FOLDER/data -p 8080 -k FOLDER/data -F");
    Ok(command(folder, &start, &[]))
}
