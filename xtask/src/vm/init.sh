#!/bin/busybox sh
# The first program of a guest: sets up what a machine has, runs the tests, once per backend where they know backends,
# and switches off. Beside this script `cargo xtask vm` lays `runs` (a backend or `list`, and whether it is expected, a
# line each), `arguments` (of the tests, a line each), `modules` (in the order to load them) and the programs `sockwhy`,
# `acceptance` and `list`.

# A failure here ends the script, so the kernel panics, so the guest ends and its console is shown.
set -eu
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up
while read -r module; do
    insmod "/$module"
done </modules
ulimit -n 65536

# The host reads the second serial port; the first is the kernel's.
stty -F /dev/ttyS1 raw
exec >/dev/ttyS1 2>&1

set --
while IFS= read -r argument; do
    set -- "$@" "$argument"
done </arguments

export PATH=/bin SOCKWHY_BIN=/sockwhy
# An emulated CPU makes some thousand connections a second.
export SOCKWHY_STORM=8000
while read -r SOCKWHY_BACKEND SOCKWHY_EXPECT; do
    export SOCKWHY_BACKEND SOCKWHY_EXPECT
    # The tests of the listing know no backends.
    program=acceptance
    [ "$SOCKWHY_BACKEND" = list ] && program=list
    echo "@begin $SOCKWHY_BACKEND"
    status=0
    # To them, the serial port is a terminal.
    /$program --color=never "$@" </dev/null || status=$?
    # On a line of its own, wherever the tests stopped.
    printf '\n@end %s\n' "$status"
done </runs
poweroff -f
