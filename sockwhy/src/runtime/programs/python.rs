//! Python, and servers that are written in it.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::{connect, dual_stack, ipv4_only, ipv6_only, pair};
use crate::runtime::settings::options;
use crate::runtime::sign::Sign::{Program, Script};

const INTERPRETERS: &[&str] = &["python", "python2*", "python3", "python3.*", "pypy*"];

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "gunicorn",
        tier: Tier::Proven("gunicorn 20.1; gunicorn settings, bind"),
        signs: &[Script(INTERPRETERS, &["gunicorn", "gunicorn3", "gunicorn: *"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        settings: |process| options(process, &["-b", "--bind"]),
        remedies: &[
            ipv4_only("--bind={ipv4}:{port}", "on its command line, or `bind` in its settings; then restart gunicorn"),
            pair("--bind={ipv4}:{port} and --bind=[{ipv6}]:{port}", "on its command line, both; then restart gunicorn")
                .on_one(),
            ipv6_only("--bind=[{ipv6}]:{port}", "on its command line; then restart gunicorn").on_one(),
            dual_stack(
                "--bind=[::]:{port}",
                "on its command line, where net.ipv6.bindv6only is 0; then restart gunicorn",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "uvicorn",
        tier: Tier::Proven("uvicorn 0.17; uvicorn settings, --host"),
        signs: &[Script(INTERPRETERS, &["uvicorn"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| options(process, &["--host"]),
        remedies: &[
            ipv4_only("--host={ipv4}", "on its command line; then restart uvicorn"),
            pair("--host=", "on its command line, with an empty value; then restart uvicorn").on_any(),
            ipv6_only("--host={ipv6}", "on its command line; then restart uvicorn"),
        ],
        ..ENTRY
    },
    Runtime {
        name: "uWSGI",
        tier: Tier::Proven("uWSGI 2.0.21; uWSGI options, socket and http"),
        signs: &[Program(&["uwsgi*"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only(
                "{ipv4}:{port}",
                "for the option that has the address now, `socket`, `http-socket` or `http`; then restart uWSGI",
            ),
            pair(
                "{ipv4}:{port} and [{ipv6}]:{port}",
                "the option that has the address now, once for each; then restart uWSGI",
            )
            .on_one(),
            ipv6_only("[{ipv6}]:{port}", "for the option that has the address now; then restart uWSGI").on_one(),
            dual_stack(
                "[::]:{port}",
                "for the option that has the address now, where net.ipv6.bindv6only is 0; then restart uWSGI",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Python",
        tier: Tier::Proven("Python 3.11; Python documentation, socket.create_server() and asyncio"),
        signs: &[Program(INTERPRETERS)],
        remedies: &[
            ipv4_only(
                "listen on {ipv4}",
                "in the source, `socket.create_server((\"{ipv4}\", {port}))`, asyncio: `host=\"{ipv4}\"`",
            ),
            dual_stack(
                "listen for both",
                "in the source, `socket.create_server((\"\", {port}), family=socket.AF_INET6, dualstack_ipv6=True)`",
            ),
            ipv6_only(
                "listen on {ipv6}",
                "in the source, `socket.create_server((\"{ipv6}\", {port}), family=socket.AF_INET6)`, asyncio: \
                 `host=\"{ipv6}\"`",
            ),
            connect(
                "connect to the address as it is",
                "in the source, `socket.create_connection((\"10.0.0.20\", port))`, not (\"::ffff:10.0.0.20\", port)",
            ),
        ],
        ..ENTRY
    },
];
