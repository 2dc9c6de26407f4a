//! Languages, and servers that are written in one of them.

use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::{Remedy, connect, dual_stack, ipv4_only, ipv6_only, pair};
use crate::runtime::settings::variables;
use crate::runtime::sign::Sign::{Library, Program, Rust, Script};

const RUBY: &[&str] = &["ruby", "ruby2*", "ruby3*"];

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Node.js",
        tier: Tier::Proven("Node.js 18; Node.js documentation, server.listen()"),
        signs: &[Program(&["node", "nodejs"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        remedies: &[
            ipv4_only("listen on {ipv4}", "in the source, `server.listen({port}, '{ipv4}')`"),
            dual_stack(
                "listen without ipv6Only",
                "in the source, `server.listen({port})`, without a host and without `ipv6Only: true`",
            ),
            ipv6_only(
                "listen with ipv6Only",
                "in the source, `server.listen({ port: {port}, host: '{ipv6}', ipv6Only: true })`",
            ),
            connect("connect to the address as it is", "`net.connect(port, '10.0.0.20')`, not '::ffff:10.0.0.20'"),
        ],
        ..ENTRY
    },
    Runtime {
        name: ".NET",
        tier: Tier::ByTheBook("ASP.NET Core, Kestrel endpoints; .NET runtime configuration, networking"),
        signs: &[Library(&["libcoreclr.so"])],
        v6only: V6only::Sets,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Same,
        settings: |process| variables(process, &["ASPNETCORE_URLS", "DOTNET_SYSTEM_NET_DISABLEIPV6"]),
        remedies: &[
            ipv4_only(
                "ASPNETCORE_URLS=http://{ipv4}:{port}",
                "in its environment, instead of `http://*:{port}`; in the source, `IPAddress.Any`",
            )
            .on_any(),
            ipv4_only("ASPNETCORE_URLS=http://{ipv4}:{port}", "in its environment").on_one(),
            dual_stack(
                "ASPNETCORE_URLS=http://*:{port}",
                "in its environment; in the source, `ListenAnyIP({port})` or `DualMode = true`",
            ),
            Remedy {
                setting: Some(("DOTNET_SYSTEM_NET_DISABLEIPV6", "1")),
                ..ipv4_only("DOTNET_SYSTEM_NET_DISABLEIPV6=1", "in its environment").on_any().with(
                    "AF_INET sockets where the program asks whether there is IPv6; some make AF_INET6 sockets all the \
                     same",
                )
            },
        ],
        ..ENTRY
    },
    Runtime {
        name: "Erlang",
        tier: Tier::ByTheBook("Erlang/OTP gen_tcp"),
        signs: &[Program(&["beam.smp", "beam"])],
        remedies: &[
            ipv4_only("listen on {ipv4}", "in the source, the option `inet`; EMQX: `bind = \"{ipv4}:{port}\"`"),
            dual_stack("the options inet6 and {ipv6_v6only, false}", "in the source; EMQX: `ipv6_v6only = false`"),
            ipv6_only("the options inet6 and {ipv6_v6only, true}", "in the source; EMQX: `ipv6_v6only = true`"),
            connect(
                "connect with the option inet",
                "in the source, `gen_tcp:connect(Host, Port, [inet])`, which is the default, instead of `inet6`",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Rust",
        tier: Tier::Proven("this project's Rust; std::net::TcpListener"),
        signs: &[Rust],
        remedies: &[
            ipv4_only(
                "bind to {ipv4}",
                "in the source, `TcpListener::bind(\"{ipv4}:{port}\")`, or the setting that ends up there",
            ),
            dual_stack(
                "bind to :: without IPV6_V6ONLY",
                "in the source, `TcpListener::bind(\"[::]:{port}\")`; with the crate socket2, `set_only_v6(false)`",
            ),
            ipv6_only("bind to {ipv6} with IPV6_V6ONLY", "in the source, with the crate socket2, `set_only_v6(true)`"),
            connect(
                "connect to the address as it is",
                "in the source, \"10.0.0.20:80\", not \"[::ffff:10.0.0.20]:80\"",
            ),
        ],
        ..ENTRY
    },
    Runtime {
        name: "php-fpm",
        tier: Tier::Proven("PHP 8.2; php-fpm configuration, listen"),
        signs: &[Program(&["php-fpm*"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only("listen = {ipv4}:{port}", "in the pool's file; then restart php-fpm"),
            dual_stack("listen = {port}", "in the pool's file, where net.ipv6.bindv6only is 0; then restart php-fpm"),
            ipv6_only("listen = [{ipv6}]:{port}", "in the pool's file; then restart php-fpm").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "PHP",
        tier: Tier::Proven("PHP 8.2; PHP manual, built-in web server"),
        signs: &[Program(&["php", "php5*", "php7*", "php8*"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only("php -S {ipv4}:{port}", "its command line; in the source, `stream_socket_server()` likewise"),
            dual_stack("php -S [::]:{port}", "its command line, where net.ipv6.bindv6only is 0"),
            ipv6_only("php -S [{ipv6}]:{port}", "its command line").on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Puma",
        tier: Tier::Proven("Puma 5.6; Puma configuration, bind"),
        signs: &[Script(RUBY, &["puma", "puma *", "puma: *"])],
        v6only: V6only::Inherits,
        disable_ipv6: Becomes::Same,
        bindv6only: Becomes::Ipv6Only,
        remedies: &[
            ipv4_only(
                "tcp://{ipv4}:{port}",
                "for -b on its command line, or for `bind` in config/puma.rb; then restart Puma",
            ),
            pair(
                "tcp://{ipv4}:{port} and tcp://[{ipv6}]:{port}",
                "-b on its command line, or `bind` in config/puma.rb, once for each; then restart Puma",
            )
            .on_one(),
            dual_stack(
                "tcp://[::]:{port}",
                "for -b on its command line, or for `bind` in config/puma.rb, where net.ipv6.bindv6only is 0; then \
                 restart Puma",
            ),
            ipv6_only(
                "tcp://[{ipv6}]:{port}",
                "for -b on its command line, or for `bind` in config/puma.rb; then restart Puma",
            )
            .on_one(),
        ],
        ..ENTRY
    },
    Runtime {
        name: "Ruby",
        tier: Tier::Proven("WEBrick 1.8 of Ruby 3.1; Ruby documentation, WEBrick::GenericServer and TCPServer"),
        signs: &[Program(RUBY)],
        remedies: &[
            ipv4_only(
                "listen on {ipv4}",
                "WEBrick: `--bind-address={ipv4}` on its command line or `BindAddress: '{ipv4}'` in the source; else in \
                 the source, `TCPServer.new('{ipv4}', {port})`",
            ),
            ipv6_only(
                "listen on {ipv6}",
                "WEBrick: `--bind-address={ipv6}` on its command line or `BindAddress: '{ipv6}'` in the source",
            ),
            pair("listen without an address", "WEBrick: no `--bind-address`, and no `BindAddress` in the source")
                .on_any(),
        ],
        ..ENTRY
    },
];
