//! The two sysctls that people set. What they do to a program's listeners depends on the program.

use super::kinds::{Becomes, Runtime, V6only};
use super::remedy::{Aim, Remedy, listen};

/// Makes IPv6-only listeners of a program that leaves `IPV6_V6ONLY` alone take IPv4 as well.
const BINDV6ONLY_OFF: Remedy = listen(
    &[Aim::Both],
    "net.ipv6.bindv6only=0",
    "`sysctl -w net.ipv6.bindv6only=0`, and a file in /etc/sysctl.d for the next boot; then restart the program",
    "a dual-stack listener; every other program that leaves IPV6_V6ONLY alone gets one too when it is restarted",
)
.on_any();

/// Makes dual-stack listeners of such a program IPv6-only.
const BINDV6ONLY_ON: Remedy = listen(
    &[Aim::Ipv6Only],
    "net.ipv6.bindv6only=1",
    "`sysctl -w net.ipv6.bindv6only=1`, and a file in /etc/sysctl.d for the next boot; then restart the program",
    "an IPv6-only listener; every other program that leaves IPV6_V6ONLY alone gets one too when it is restarted",
)
.on_any();

impl Runtime {
    /// What a sysctl changes. It is for listeners on `::` alone.
    pub fn sysctls(&self) -> &'static [Remedy] {
        match (self.v6only, self.bindv6only) {
            (V6only::Inherits, Becomes::Ipv6Only) => &[BINDV6ONLY_OFF, BINDV6ONLY_ON],
            _ => &[],
        }
    }

    /// The sysctls that do not do what people expect of them.
    pub fn useless_sysctls(&self) -> impl Iterator<Item = Remedy> + use<> {
        bindv6only_in_vain(self.bindv6only).into_iter().chain(disable_ipv6_in_vain(self.disable_ipv6))
    }
}

fn disable_ipv6_in_vain(becomes: Becomes) -> Option<Remedy> {
    let effect = match becomes {
        Becomes::Same => {
            "takes the IPv6 addresses off the interfaces; this program still makes its AF_INET6 sockets, and netstat \
             still says tcp6"
        }
        Becomes::Failure => "takes the IPv6 addresses off the interfaces; this program no longer starts",
        Becomes::Ipv4 | Becomes::Ipv6Only | Becomes::Pair | Becomes::Unknown => return None,
    };
    let what = "net.ipv6.conf.all.disable_ipv6=1";
    Some(listen(&[Aim::Ipv4Only], what, "sysctl, and a restart of the program", effect).on_any())
}

fn bindv6only_in_vain(becomes: Becomes) -> Option<Remedy> {
    const TO_IPV4: &[Aim] = &[Aim::Ipv4Only];
    const SET: &str = "net.ipv6.bindv6only=1";
    let (aims, what, effect) = match becomes {
        Becomes::Same => (
            &[Aim::Ipv4Only, Aim::Both, Aim::Ipv6Only][..],
            "net.ipv6.bindv6only",
            "changes nothing: it is a default for sockets that do not set IPV6_V6ONLY, and this program sets it",
        ),
        Becomes::Ipv6Only => {
            (TO_IPV4, SET, "makes its listener IPv6-only: it refuses IPv4, and netstat still says tcp6")
        }
        Becomes::Pair => {
            (TO_IPV4, SET, "makes it listen with a socket for each, IPv4 and IPv6: netstat still lists one as tcp6")
        }
        Becomes::Unknown => (
            TO_IPV4,
            SET,
            "changes nothing where the program sets IPV6_V6ONLY; else new listeners refuse IPv4 and are still tcp6",
        ),
        Becomes::Ipv4 | Becomes::Failure => return None,
    };
    Some(listen(aims, what, "sysctl, and a restart of the program", effect).on_any())
}
