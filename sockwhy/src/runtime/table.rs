//! The runtimes, and what changes the family of their sockets. To add one, add an entry; where a test runs the real
//! program, it is [`Tier::Proven`].
//!
//! The order counts where a process has the signs of several: servers before languages.

use super::jvm;
use super::kinds::Aim::{ConnectIpv4, ListenBoth, ListenIpv4};
use super::kinds::{Remedy, Runtime, Sign, Tier};
use super::settings::{options, variables};

/// For whom the number of IP addresses on the interfaces decides nothing.
const DISABLE_IPV6: Remedy = Remedy {
    aims: &[ListenIpv4, ConnectIpv4],
    what: "net.ipv6.conf.all.disable_ipv6=1",
    how: "sysctl",
    effect: "takes the IPv6 addresses off the interfaces; AF_INET6 sockets can still be made, and netstat still says tcp6",
};

/// For those who set `IPV6_V6ONLY` themselves, one way or the other.
const BINDV6ONLY_SET: Remedy = Remedy {
    aims: &[ListenIpv4, ListenBoth],
    what: "net.ipv6.bindv6only",
    how: "sysctl",
    effect: "changes nothing: it is a default for sockets that do not set IPV6_V6ONLY, and this program sets it",
};

/// For those who leave `IPV6_V6ONLY` as it is.
const BINDV6ONLY_FOLLOWED: Remedy = Remedy {
    aims: &[ListenIpv4],
    what: "net.ipv6.bindv6only=1",
    how: "sysctl",
    effect: "makes new listeners IPv6-only: they refuse IPv4, and netstat still says tcp6",
};

/// Every runtime that sockwhy knows.
pub static RUNTIMES: &[Runtime] = &[
    Runtime {
        name: "nginx",
        tier: Tier::Proven,
        signs: &[Sign::Program(&["nginx"])],
        sets_v6only: Some(true),
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen without the brackets",
                how: "in nginx.conf, `listen {port};` alone, without `listen [::]:{port}`; then restart nginx",
                effect: "one AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen for both",
                how: "in nginx.conf, `listen {port};` beside `listen [::]:{port};`, or `listen [::]:{port} ipv6only=off;` \
                      alone; then restart nginx",
                effect: "IPv4 clients are served",
            },
        ],
        useless: &[BINDV6ONLY_SET, DISABLE_IPV6],
    },
    Runtime {
        name: "Apache",
        tier: Tier::Proven,
        signs: &[Sign::Program(&["apache2", "httpd"])],
        sets_v6only: Some(true),
        settings: |process| options(process, &["-f", "-d"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "Listen with an IPv4 address",
                how: "`Listen 0.0.0.0:{port}` instead of `Listen {port}`; then restart Apache",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "Listen without an address",
                how: "`Listen {port}`; then restart Apache",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
        ],
        useless: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "<VirtualHost 0.0.0.0:80>",
                how: "the address of a virtual host",
                effect: "chooses among connections that have come already; only Listen makes sockets",
            },
            BINDV6ONLY_SET,
            DISABLE_IPV6,
        ],
    },
    Runtime {
        name: "HAProxy",
        tier: Tier::Proven,
        signs: &[Sign::Program(&["haproxy"])],
        sets_v6only: None,
        settings: |process| options(process, &["-f"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "bind to IPv4",
                how: "`bind ipv4@*:{port}` or `bind :{port}`",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "bind for both",
                how: "`bind :::{port} v4v6`",
                effect: "a dual-stack listener, whatever net.ipv6.bindv6only says",
            },
        ],
        useless: &[BINDV6ONLY_FOLLOWED, DISABLE_IPV6],
    },
    Runtime {
        name: "Redis",
        tier: Tier::Proven,
        // Debian's redis-server is a link to redis-check-rdb.
        signs: &[Sign::Program(&["redis-server", "redis-check-rdb"])],
        sets_v6only: Some(true),
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "bind to IPv4 addresses only",
                how: "in redis.conf, `bind 0.0.0.0`, or `bind 127.0.0.1` for this machine alone",
                effect: "one AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "bind to addresses of both",
                how: "in redis.conf, `bind * -::*`, or `bind 127.0.0.1 -::1` for this machine alone",
                effect: "a listener for each, IPv4 and IPv6",
            },
        ],
        useless: &[BINDV6ONLY_SET, DISABLE_IPV6],
    },
    Runtime {
        name: "MySQL",
        tier: Tier::ByTheBook("MySQL Reference Manual, bind_address"),
        signs: &[Sign::Program(&["mysqld", "mariadbd"])],
        sets_v6only: None,
        settings: |process| options(process, &["--defaults-file", "--bind-address"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "bind_address=0.0.0.0",
                how: "in my.cnf under [mysqld], mysqlx_bind_address likewise; then restart the server",
                effect: "an AF_INET listener; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "bind_address=*",
                how: "in my.cnf under [mysqld]; then restart the server",
                effect: "a listener that takes IPv4 as well as IPv6",
            },
        ],
        useless: &[DISABLE_IPV6],
    },
    Runtime {
        name: "PostgreSQL",
        tier: Tier::ByTheBook("PostgreSQL Documentation, listen_addresses"),
        signs: &[Sign::Program(&["postgres"])],
        sets_v6only: Some(true),
        settings: |process| options(process, &["-D"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen_addresses = '0.0.0.0'",
                how: "in postgresql.conf; then restart the server",
                effect: "an AF_INET listener; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen_addresses = '*'",
                how: "in postgresql.conf; then restart the server",
                effect: "a listener for each, IPv4 and IPv6",
            },
        ],
        useless: &[BINDV6ONLY_SET],
    },
    Runtime {
        name: "sshd",
        tier: Tier::ByTheBook("sshd_config(5), AddressFamily and ListenAddress"),
        signs: &[Sign::Program(&["sshd"])],
        sets_v6only: Some(true),
        settings: |process| options(process, &["-f"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "AddressFamily inet",
                how: "in sshd_config, or `ListenAddress 0.0.0.0`; then restart sshd",
                effect: "an AF_INET listener; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "AddressFamily any",
                how: "in sshd_config, without ListenAddress; then restart sshd",
                effect: "a listener for each, IPv4 and IPv6",
            },
        ],
        useless: &[BINDV6ONLY_SET],
    },
    Runtime {
        name: "docker-proxy",
        tier: Tier::ByTheBook("docker run, --publish"),
        signs: &[Sign::Program(&["docker-proxy"])],
        sets_v6only: Some(true),
        settings: |process| options(process, &["-host-ip", "-host-port", "-container-ip", "-container-port"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "publish the port on an IPv4 address",
                how: "`docker run -p 0.0.0.0:{port}:CONTAINER_PORT`, or 127.0.0.1 for this machine alone",
                effect: "an AF_INET listener of docker-proxy; IPv6 is no longer forwarded",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "publish the port without an address",
                how: "`docker run -p {port}:CONTAINER_PORT`",
                effect: "IPv4 and IPv6 are forwarded",
            },
        ],
        useless: &[Remedy {
            aims: &[ListenIpv4, ListenBoth],
            what: "a setting of the program in the container",
            how: "its listen address",
            effect: "changes its own socket, not this one: docker-proxy made it, and connects to the container anew",
        }],
    },
    Runtime {
        name: "Erlang",
        tier: Tier::ByTheBook("Erlang/OTP gen_tcp; RabbitMQ, Networking"),
        signs: &[Sign::Program(&["beam.smp", "beam"])],
        sets_v6only: None,
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen on 0.0.0.0",
                how: "RabbitMQ: `listeners.tcp.1 = 0.0.0.0:{port}`; EMQX: `bind = \"0.0.0.0:{port}\"`; in the source, the \
                      option `inet`",
                effect: "an AF_INET listener; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen on :: without ipv6_v6only",
                how: "the option `{ipv6_v6only, false}`; EMQX: `ipv6_v6only = false`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ConnectIpv4],
                what: "connect with the option inet",
                how: "`gen_tcp:connect(Host, Port, [inet])`, which is the default, instead of `inet6`",
                effect: "connections of AF_INET sockets",
            },
        ],
        useless: &[DISABLE_IPV6],
    },
    Runtime {
        name: "Java",
        tier: Tier::Proven,
        signs: &[Sign::Library(&["libjvm.so"])],
        sets_v6only: Some(true),
        settings: jvm::settings,
        remedies: &[
            Remedy {
                aims: &[ListenIpv4, ConnectIpv4],
                what: "-Djava.net.preferIPv4Stack=true when the JVM starts",
                how: "`java -Djava.net.preferIPv4Stack=true …`, before -jar or the class; or in its environment, \
                      `JAVA_TOOL_OPTIONS=-Djava.net.preferIPv4Stack=true`",
                effect: "all its sockets are AF_INET, which netstat lists as tcp; IPv6 is neither served nor reached",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen on no address instead of one IPv6 address",
                how: "leave server.address (Spring) or address= (Tomcat) out; in the source, `new ServerSocket({port})`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
        ],
        useless: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "0.0.0.0 as address",
                how: "server.address=0.0.0.0 (Spring), address=\"0.0.0.0\" (Tomcat), \
                      `new InetSocketAddress(\"0.0.0.0\", {port})`",
                effect: "the JVM makes AF_INET6 sockets for any address: it is still tcp6 on ::",
            },
            Remedy {
                aims: &[ListenIpv4, ConnectIpv4],
                what: "-Djava.net.preferIPv6Addresses=false",
                how: "the JVM's command line",
                effect: "only orders the addresses of a name; the sockets stay AF_INET6",
            },
            Remedy {
                aims: &[ListenIpv4, ConnectIpv4],
                what: "java.net.preferIPv4Stack once the program runs",
                how: "`System.setProperty(…)` after the first use of the network, or -D behind -jar or the class",
                effect: "comes too late: the JVM has read it already, or never does",
            },
            BINDV6ONLY_SET,
        ],
    },
    Runtime {
        name: ".NET",
        tier: Tier::ByTheBook("ASP.NET Core, Kestrel endpoints; .NET runtime configuration, networking"),
        signs: &[Sign::Library(&["libcoreclr.so"])],
        sets_v6only: Some(true),
        settings: |process| variables(process, &["ASPNETCORE_URLS", "DOTNET_SYSTEM_NET_DISABLEIPV6"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen on 0.0.0.0",
                how: "`ASPNETCORE_URLS=http://0.0.0.0:{port}` instead of `http://*:{port}`; in the source, `IPAddress.Any`",
                effect: "an AF_INET listener; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen on any address",
                how: "`http://*:{port}` or `ListenAnyIP({port})`; in the source, `DualMode = true`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ListenIpv4, ConnectIpv4],
                what: "DOTNET_SYSTEM_NET_DISABLEIPV6=1",
                how: "in its environment",
                effect: "its sockets are AF_INET; IPv6 is not reached",
            },
        ],
        useless: &[BINDV6ONLY_SET],
    },
    Runtime {
        name: "Node.js",
        tier: Tier::Proven,
        signs: &[Sign::Program(&["node", "nodejs"]), Sign::Library(&["libnode.so*"])],
        sets_v6only: Some(true),
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen on 0.0.0.0",
                how: "`server.listen({port}, '0.0.0.0')`",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen without ipv6Only",
                how: "`server.listen({port})`, without a host and without `ipv6Only: true`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ConnectIpv4],
                what: "connect to the address as it is",
                how: "`net.connect(port, '10.0.0.20')`, not '::ffff:10.0.0.20'",
                effect: "a connection of an AF_INET socket",
            },
        ],
        useless: &[BINDV6ONLY_SET, DISABLE_IPV6],
    },
    Runtime {
        name: "Python",
        tier: Tier::Proven,
        signs: &[
            Sign::Program(&["python", "python2*", "python3", "python3.*", "pypy*"]),
            Sign::Library(&["libpython*"]),
        ],
        sets_v6only: None,
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "listen on 0.0.0.0",
                how: "`socket.create_server((\"0.0.0.0\", {port}))`, asyncio: `host=\"0.0.0.0\"`, gunicorn: `--bind \
                      0.0.0.0:{port}`, uvicorn: `--host 0.0.0.0`",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "listen for both",
                how: "`socket.create_server((\"\", {port}), family=socket.AF_INET6, dualstack_ipv6=True)`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ConnectIpv4],
                what: "connect to the address as it is",
                how: "`socket.create_connection((\"10.0.0.20\", port))`, not (\"::ffff:10.0.0.20\", port)",
                effect: "a connection of an AF_INET socket",
            },
        ],
        useless: &[BINDV6ONLY_FOLLOWED, DISABLE_IPV6],
    },
    Runtime {
        name: "Go",
        tier: Tier::Proven,
        signs: &[Sign::Go],
        sets_v6only: Some(true),
        settings: |process| variables(process, &["GODEBUG"]),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "the network tcp4",
                how: "in the source, `net.Listen(\"tcp4\", \":{port}\")`, for http.Server with `Serve`",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "the network tcp",
                how: "in the source, `net.Listen(\"tcp\", \":{port}\")` instead of \"tcp6\"",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ConnectIpv4],
                what: "the network tcp4",
                how: "in the source, `net.Dial(\"tcp4\", \"10.0.0.20:80\")`",
                effect: "a connection of an AF_INET socket",
            },
        ],
        useless: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "0.0.0.0 as address",
                how: "`net.Listen(\"tcp\", \"0.0.0.0:{port}\")`, or a flag that ends up there",
                effect: "Go takes any unspecified address for all of them: it is still dual-stack, tcp6 on ::",
            },
            BINDV6ONLY_SET,
            DISABLE_IPV6,
        ],
    },
    Runtime {
        name: "Rust",
        tier: Tier::Proven,
        signs: &[Sign::Rust],
        sets_v6only: None,
        settings: |_| Vec::new(),
        remedies: &[
            Remedy {
                aims: &[ListenIpv4],
                what: "bind to 0.0.0.0",
                how: "in the source, `TcpListener::bind(\"0.0.0.0:{port}\")`, or the setting that ends up there",
                effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
            },
            Remedy {
                aims: &[ListenBoth],
                what: "bind to :: without IPV6_V6ONLY",
                how: "in the source, `TcpListener::bind(\"[::]:{port}\")`; with the crate socket2, `set_only_v6(false)`",
                effect: "a dual-stack listener, which takes IPv4 as well",
            },
            Remedy {
                aims: &[ConnectIpv4],
                what: "connect to the address as it is",
                how: "in the source, \"10.0.0.20:80\", not \"[::ffff:10.0.0.20]:80\"",
                effect: "a connection of an AF_INET socket",
            },
        ],
        useless: &[BINDV6ONLY_FOLLOWED, DISABLE_IPV6],
    },
];

/// For listeners that systemd made and handed on, whatever program holds them.
pub static SYSTEMD_SOCKET: Runtime = Runtime {
    name: "systemd socket activation",
    tier: Tier::ByTheBook("systemd.socket(5), ListenStream= and BindIPv6Only="),
    signs: &[],
    sets_v6only: None,
    settings: |process| variables(process, &["LISTEN_FDS", "LISTEN_FDNAMES"]),
    remedies: &[
        Remedy {
            aims: &[ListenIpv4],
            what: "ListenStream=0.0.0.0:{port}",
            how: "in the .socket unit, by `systemctl edit`, after an empty `ListenStream=`; then restart the socket",
            effect: "an AF_INET listener; IPv6 is no longer served",
        },
        Remedy {
            aims: &[ListenBoth],
            what: "BindIPv6Only=both",
            how: "in the .socket unit with `ListenStream={port}`, by `systemctl edit`; then restart the socket",
            effect: "a dual-stack listener, which takes IPv4 as well",
        },
    ],
    useless: &[Remedy {
        aims: &[ListenIpv4, ListenBoth],
        what: "the listen address in the service's own settings",
        how: "its configuration or command line",
        effect: "is not used: the service takes the socket that systemd made",
    }],
};

/// What is true of any program.
pub static ANY: Runtime = Runtime {
    name: "unknown program",
    tier: Tier::ByTheBook("ipv6(7), ip-sysctl"),
    signs: &[],
    sets_v6only: None,
    settings: |_| Vec::new(),
    remedies: &[
        Remedy {
            aims: &[ListenIpv4],
            what: "0.0.0.0 as listen address",
            how: "in the program's settings; some (Java, Go) take it for every address and need another way",
            effect: "an AF_INET listener, which netstat lists as tcp; IPv6 is no longer served",
        },
        Remedy {
            aims: &[ListenBoth],
            what: ":: as listen address, without IPV6_V6ONLY; or a listener for each of 0.0.0.0 and ::",
            how: "in the program's settings",
            effect: "IPv4 clients are served",
        },
        Remedy {
            aims: &[ConnectIpv4],
            what: "an AF_INET socket",
            how: "in the program's source or settings: connect to 10.0.0.20, not to ::ffff:10.0.0.20",
            effect: "a connection that netstat lists as tcp",
        },
    ],
    useless: &[
        DISABLE_IPV6,
        Remedy {
            aims: &[ListenIpv4],
            what: "net.ipv6.bindv6only=1",
            how: "sysctl",
            effect: "changes nothing where the program sets IPV6_V6ONLY; else new listeners refuse IPv4 and are still tcp6",
        },
    ],
};
