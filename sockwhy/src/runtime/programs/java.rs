//! The JVM, and services that run on it: each reads the JVM's options from a file of its own.

use crate::runtime::jvm;
use crate::runtime::kinds::{Becomes, ENTRY, Runtime, Tier, V6only};
use crate::runtime::remedy::Aim::Ipv4Only;
use crate::runtime::remedy::{Remedy, Role, dual_stack, ipv4_only, listen};
use crate::runtime::sign::Sign::{Argument, Library};

/// Programs that start a JVM.
const LAUNCHERS: &[&str] = &["java", "jsvc"];

/// The property, wherever it is set.
const fn prefer_ipv4(what: &'static str, how: &'static str) -> Remedy {
    let effect = "all its sockets are AF_INET, which netstat lists as tcp; IPv6 is neither served nor reached";
    Remedy { setting: Some((jvm::PREFER_IPV4_STACK, "true")), ..ipv4_only(what, how).with(effect).on_any() }
}

/// What changes listeners, for connections.
const fn connecting(remedy: Remedy) -> Remedy {
    Remedy { role: Role::Connect, scopes: &[], ..remedy }
}

const ON_THE_COMMAND_LINE: Remedy = prefer_ipv4(
    "-Djava.net.preferIPv4Stack=true when the JVM starts",
    "`java -Djava.net.preferIPv4Stack=true …`, before -jar or the class; or in its environment, \
     `JAVA_TOOL_OPTIONS=-Djava.net.preferIPv4Stack=true`, for a systemd unit by `Environment=`",
);

const WITHOUT: Remedy = dual_stack(
    "no -Djava.net.preferIPv4Stack=true",
    "take it off the JVM's command line and out of its environment; then restart it",
);

const ANY_ADDRESS: Remedy = listen(
    &[Ipv4Only],
    "0.0.0.0 as address",
    "server.address=0.0.0.0 (Spring), address=\"0.0.0.0\" (Tomcat), `new InetSocketAddress(\"0.0.0.0\", {port})`",
    "the JVM makes AF_INET6 sockets for any address: it is still tcp6 on ::",
)
.on_any();

const PREFER_IPV6_ADDRESSES: Remedy = listen(
    &[Ipv4Only],
    "-Djava.net.preferIPv6Addresses=false",
    "the JVM's command line",
    "only orders the addresses of a name; the sockets stay AF_INET6",
);

const TOO_LATE: Remedy = listen(
    &[Ipv4Only],
    "java.net.preferIPv4Stack once the program runs",
    "`System.setProperty(…)` after the first use of the network, or -D behind -jar or the class",
    "comes too late: the JVM has read it already, or never does",
);

/// What all that runs on a JVM has.
const JVM: Runtime = Runtime {
    v6only: V6only::Sets,
    // It looks for IPv6 addresses before it makes its first socket.
    disable_ipv6: Becomes::Ipv4,
    bindv6only: Becomes::Same,
    settings: jvm::settings,
    useless: &[ANY_ADDRESS],
    ..ENTRY
};

pub(super) static PROGRAMS: &[Runtime] = &[
    Runtime {
        name: "Tomcat",
        tier: Tier::ByTheBook("Tomcat, RUNNING.txt, setenv.sh; tried by hand with 10.1"),
        signs: &[Argument(LAUNCHERS, &["org.apache.catalina.startup.Bootstrap"])],
        remedies: &[
            prefer_ipv4(
                "CATALINA_OPTS=\"-Djava.net.preferIPv4Stack=true\"",
                "in bin/setenv.sh; on Debian, `JAVA_OPTS=\"… -Djava.net.preferIPv4Stack=true\"` in /etc/default/tomcat10; \
                 then restart Tomcat",
            ),
            WITHOUT,
        ],
        ..JVM
    },
    Runtime {
        name: "ZooKeeper",
        tier: Tier::ByTheBook("ZooKeeper Administrator's Guide, java.env; tried by hand with 3.8"),
        signs: &[Argument(LAUNCHERS, &["org.apache.zookeeper.server.*"])],
        remedies: &[
            prefer_ipv4(
                "SERVER_JVMFLAGS=\"-Djava.net.preferIPv4Stack=true\"",
                "in conf/java.env; on Debian, in JAVA_OPTS of /etc/zookeeper/conf/environment; then restart ZooKeeper",
            ),
            WITHOUT,
        ],
        ..JVM
    },
    Runtime {
        name: "Elasticsearch",
        tier: Tier::ByTheBook("Elasticsearch Guide, JVM settings"),
        signs: &[Argument(LAUNCHERS, &["org.elasticsearch.*", "org.opensearch.*"])],
        remedies: &[
            prefer_ipv4(
                "-Djava.net.preferIPv4Stack=true",
                "a line of a file in config/jvm.options.d; then restart the service",
            ),
            WITHOUT,
        ],
        ..JVM
    },
    Runtime {
        name: "Kafka",
        tier: Tier::ByTheBook("Kafka, bin/kafka-run-class.sh"),
        signs: &[Argument(LAUNCHERS, &["kafka.Kafka"])],
        remedies: &[
            prefer_ipv4(
                "KAFKA_OPTS=-Djava.net.preferIPv4Stack=true",
                "in its environment; in a systemd unit, `Environment=KAFKA_OPTS=…`; then restart Kafka",
            ),
            WITHOUT,
        ],
        ..JVM
    },
    Runtime {
        name: "Jenkins",
        tier: Tier::ByTheBook("Jenkins documentation, Managing systemd services"),
        signs: &[Argument(LAUNCHERS, &["jenkins.war"])],
        remedies: &[
            prefer_ipv4(
                "JAVA_OPTS=-Djava.net.preferIPv4Stack=true",
                "by `systemctl edit jenkins`, `Environment=\"JAVA_OPTS=…\"` under [Service], with what was there; then \
                 restart Jenkins",
            ),
            WITHOUT,
        ],
        ..JVM
    },
    Runtime {
        name: "Java",
        tier: Tier::Proven("OpenJDK 17; Java Platform, Networking Properties"),
        signs: &[Library(&["libjvm.so"])],
        remedies: &[ON_THE_COMMAND_LINE, connecting(ON_THE_COMMAND_LINE), WITHOUT],
        useless: &[
            ANY_ADDRESS,
            PREFER_IPV6_ADDRESSES,
            connecting(PREFER_IPV6_ADDRESSES),
            TOO_LATE,
            connecting(TOO_LATE),
        ],
        ..JVM
    },
];
