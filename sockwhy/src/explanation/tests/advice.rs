//! What helps, and what does not.

use super::*;
use crate::explanation::Advice;

/// The aims of the remedies, each once, in order.
fn aims(world: World, target: &str) -> Vec<&'static str> {
    world.explain(target, |explanation| {
        let mut aims: Vec<_> = explanation.remedies.iter().map(|advice| advice.aim.as_str()).collect();
        aims.dedup();
        aims
    })
}

/// What a program is told to do that can do everything.
fn told(world: World) -> String {
    world.explain(":80", |explanation| explanation.remedies[0].what.clone())
}

fn able() -> World {
    host().process(PID, "server", LEAVES_V6ONLY_ALONE.name)
}

#[test]
fn what_is_likeliest_to_be_wanted_comes_first() {
    let listener = |family, local, v6only| able().listener(family, local, v6only);
    assert_eq!(aims(listener(Family::Inet6, "[::]:80", false), ":80"), ["ipv4-only", "ipv6-only"]);
    assert_eq!(aims(listener(Family::Inet6, "[::]:80", true), ":80"), ["both", "ipv4-only"]);
    assert_eq!(aims(listener(Family::Inet, "0.0.0.0:80", false), ":80"), ["both", "ipv6-only"]);
    assert_eq!(aims(listener(Family::Inet6, "0.0.0.0:80", false), ":80"), ["ipv4-only", "both", "ipv6-only"]);
    let pair = listener(Family::Inet, "0.0.0.0:80", false).listener(Family::Inet6, "[::]:80", true);
    assert_eq!(aims(pair, ":80"), ["ipv4-only", "ipv6-only"]);
}

#[test]
fn advice_keeps_what_was_meant_to_be_served() {
    let on = |local: &str| {
        let family = if local.starts_with('[') { Family::Inet6 } else { Family::Inet };
        able().listener(family, local, false)
    };
    assert_eq!(told(on("[::]:80")), "listen on 0.0.0.0, ::, 80");
    assert_eq!(told(on("[::1]:80")), "listen on 127.0.0.1, ::1, 80");
    assert_eq!(told(on("127.0.0.1:80")), "listen on 127.0.0.1, ::1, 80");
    assert_eq!(told(on("[2001:db8::1]:80")), "listen on 10.0.0.19, 2001:db8::1, 80", "the device's only one");
    assert_eq!(told(on("10.0.0.19:80")), "listen on 10.0.0.19, 2001:db8::1, 80");
    let pair = on("10.0.0.19:80").listener(Family::Inet6, "[2001:db8::9]:80", false);
    assert_eq!(told(pair), "listen on 10.0.0.19, 2001:db8::9, 80", "its own");
    let several = on("[2001:db8::1]:80").addresses(&["127.0.0.1", "::1", "2001:db8::1", "10.0.0.1", "10.0.0.2"]);
    assert_eq!(told(several), "listen on «the IPv4 address of the same interface», 2001:db8::1, 80");
}

#[test]
fn a_setting_that_is_set_and_had_no_effect_is_not_recommended_again() {
    let world = |value| able().setting("MODE", value, "the environment").listener(Family::Inet6, "[::]:80", false);
    assert_eq!(aims(world("v4"), ":80"), ["ipv6-only"]);
    world("v4").explain(":80", |explanation| {
        let effect = &explanation.no_remedies[0].effect;
        assert!(effect.contains("it is set already, by the environment, and had no effect"), "{effect}");
    });
    assert_eq!(aims(world("v6"), ":80"), ["ipv4-only", "ipv6-only"]);
    let later = world("v4").setting("MODE", "v6", "the command line");
    assert_eq!(aims(later, ":80"), ["ipv4-only", "ipv6-only"], "the last one counts");
}

#[test]
fn only_who_has_connected_is_told_how_to_connect() {
    let connection = || java().connection(Family::Inet6, "10.0.0.19:50514", "10.0.0.21:80");
    let count = |world: World| world.explain("31307", |explanation| explanation.remedies.len());
    assert_eq!(count(connection().opened(Opening::Passive)), 0);
    assert_eq!(count(connection()), 0, "it is unknown who began");
}

#[test]
fn advice_is_for_the_runtime_and_the_port() {
    let advice = |runtime: &str, v6only: bool, words: &str| {
        let world = World::default().process(PID, "server", runtime).listener(Family::Inet6, "[::]:8443", v6only);
        world.explain(":8443", |explanation| {
            let has_words = |advice: &&Advice| format!("{} {}", advice.what, advice.how).contains(words);
            explanation.remedies.iter().find(has_words).unwrap_or_else(|| panic!("nothing of {words}")).clone()
        })
    };
    let go = advice("Go", false, "net.Listen(\"tcp4\", \":8443\")");
    assert!(!go.effect.contains("by the book"));
    advice("nginx", true, "listen 0.0.0.0:8443;");
    let mysql = advice("MySQL", true, "bind_address=0.0.0.0");
    assert!(mysql.effect.contains("by the book, not tried: MySQL Reference Manual"));
    advice("", false, "0.0.0.0");
}

#[test]
fn a_sysctl_is_for_who_follows_it() {
    let has = |runtime: &str, family, local: &str, v6only, what: &str| {
        let world = host().process(PID, "server", runtime).listener(family, local, v6only);
        world.explain(":80", |explanation| explanation.remedies.iter().any(|advice| advice.what == what))
    };
    assert!(has("vsftpd", Family::Inet6, "[::]:80", true, "net.ipv6.bindv6only=0"));
    assert!(has("vsftpd", Family::Inet6, "[::]:80", false, "net.ipv6.bindv6only=1"));
    assert!(!has("vsftpd", Family::Inet6, "[::1]:80", true, "net.ipv6.bindv6only=0"), "the kernel has set it");
    assert!(!has("vsftpd", Family::Inet, "0.0.0.0:80", false, "net.ipv6.bindv6only=0"));
    assert!(!has("nginx", Family::Inet6, "[::]:80", true, "net.ipv6.bindv6only=0"));
}

#[test]
fn no_program_of_the_table_is_told_to_widen_a_listener() {
    for runtime in runtimes().map(|runtime| runtime.name).chain([""]) {
        for (family, local) in
            [(Family::Inet, "127.0.0.1:80"), (Family::Inet6, "[::1]:80"), (Family::Inet, "10.0.0.19:80")]
        {
            let world = host().process(PID, "server", runtime).listener(family, local, false);
            world.explain(":80", |explanation| {
                assert!(!explanation.remedies.is_empty(), "{runtime} on {local}");
                for advice in &explanation.remedies {
                    let text = format!("{} {}", advice.what, advice.how);
                    let text = text.replace("some programs take 0.0.0.0", "");
                    for any in ["0.0.0.0", " :: ", "[::]", "\"\"", "*"] {
                        assert!(!text.contains(any), "{runtime} on {local}: {text}");
                    }
                }
            });
        }
    }
}
