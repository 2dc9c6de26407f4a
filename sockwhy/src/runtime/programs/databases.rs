//! Databases and caches.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{ipv4_only, ipv6_only, listen, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::Program;

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Redis",
        tier: Tier::Proven("Redis 7.0.15; redis.conf, bind"),
        // Debian's redis-server is a link to redis-check-rdb.
        signs: &[Program(&["redis-server", "redis-check-rdb"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("bind {ipv4}", "in redis.conf; then restart Redis"),
            pair("bind {ipv4} {ipv6}", "in redis.conf; then restart Redis"),
            ipv6_only("bind {ipv6}", "in redis.conf; then restart Redis"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "memcached",
        tier: Tier::Proven("memcached 1.6.18; memcached(1), -l"),
        signs: &[Program(&["memcached"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-l"]),
        remedies: &[
            ipv4_only("-l {ipv4}", "in memcached.conf or on the command line; then restart memcached"),
            pair("-l {ipv4},{ipv6}", "in memcached.conf or on the command line; then restart memcached"),
            ipv6_only("-l {ipv6}", "in memcached.conf or on the command line; then restart memcached"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "MariaDB",
        tier: Tier::Proven("MariaDB 10.11.19; MariaDB Server Documentation, bind_address"),
        signs: &[Program(&["mariadbd"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["--defaults-file", "--bind-address", "--bind_address"]),
        remedies: &[
            ipv4_only("bind-address={ipv4}", "in a file of its configuration, under [mysqld]; then restart MariaDB"),
            pair(
                "bind-address={ipv4},{ipv6}",
                "in a file of its configuration, under [mysqld], since 10.11; then restart MariaDB",
            ),
            ipv6_only("bind-address={ipv6}", "in a file of its configuration, under [mysqld]; then restart MariaDB"),
        ],
        useless: &[listen(
            &[Ipv4Only],
            "mysqlx_bind_address={ipv4}",
            "a setting of MySQL",
            "MariaDB does not know it, and does not start",
        )],
    },
    Runtime {
        name: "MySQL",
        tier: Tier::ByTheBook("MySQL Reference Manual, bind_address"),
        signs: &[Program(&["mysqld"])],
        v6only: V6only::Varies,
        disable_ipv6: Becomes::Unknown,
        bindv6only: Becomes::Unknown,
        settings: |process| options(process, &["--defaults-file", "--bind-address", "--bind_address"]),
        remedies: &[
            ipv4_only("bind_address={ipv4}", "in my.cnf under [mysqld]; then restart MySQL"),
            pair("bind_address={ipv4},{ipv6}", "in my.cnf under [mysqld], since 8.0.13; then restart MySQL"),
            ipv6_only("bind_address={ipv6}", "in my.cnf under [mysqld]; then restart MySQL").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "PostgreSQL",
        tier: Tier::Proven("PostgreSQL 15.18; PostgreSQL Documentation, listen_addresses"),
        signs: &[Program(&["postgres"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["-D"]),
        remedies: &[
            ipv4_only("listen_addresses = '{ipv4}'", "in postgresql.conf; then restart PostgreSQL"),
            pair("listen_addresses = '{ipv4}, {ipv6}'", "in postgresql.conf; then restart PostgreSQL"),
            ipv6_only("listen_addresses = '{ipv6}'", "in postgresql.conf; then restart PostgreSQL"),
        ],
        ..ENTRY
    },
];
