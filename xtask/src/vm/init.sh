#!/bin/busybox sh
# The first program of a guest: sets up what a machine has, goes on with the script `task`, and switches off. Beside
# this script lies `modules`, which names them in the order to load them.

# A failure here ends the script, so the kernel panics, so the guest ends and its console is shown.
set -eu
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir /dev/pts
mount -t devpts devpts /dev/pts
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
# As distributions ship their kernels: only a process with CAP_BPF may use BPF.
echo 2 >/proc/sys/kernel/unprivileged_bpf_disabled

# The host reads the second serial port; the first is the kernel's.
stty -F /dev/ttyS1 raw
exec >/dev/ttyS1 2>&1

export PATH=/bin
. /task
poweroff -f
