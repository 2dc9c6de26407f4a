//! What `--help` shows below the options.

pub(super) const SOCKWHY: &str = "\
Examples:
  sudo sockwhy trace                  every TCP connection, as it is made
  sudo sockwhy trace --comm java      those of Java programs
  sudo sockwhy trace -o json | jq .   one JSON object per line
  sudo sockwhy list -a                netstat's table, and why
  sudo sockwhy explain :8080          whether it takes IPv4, and what would help

Exit codes:
  0  done, also after Ctrl-C and when the reader closes the pipe
  1  failed
  2  wrong usage
  3  the kernel or the privileges do not allow it";

pub(super) const TRACE: &str = "\
Filters of different kinds must all hold. Every filter can be repeated; the
values of one are alternatives.

Examples:
  Connections that netstat lists as tcp6 although they are IPv4
    sudo sockwhy trace --label ipv4-over-af_inet6

  What process 31307 accepts on port 4243
    sudo sockwhy trace -p 31307 --port 4243 --event accept

  Who connects to the private networks, the next ten times
    sudo sockwhy trace --event connect --net 10.0.0.0/8 \\
        --net 172.16.0.0/12 --net 192.168.0.0/16 -n 10

  What on this machine cannot connect?
    sudo sockwhy trace --event failed

  A minute of everything, as JSON, for later
    sudo sockwhy trace --event all -o json -d 60 > flows.ndjson

  The reason of each flow of Java programs
    sudo sockwhy trace --comm java -o json | jq -r .why";

pub(super) const LIST: &str = "\
Listeners and sockets in TIME_WAIT are left out, unless -l or -a is given. A
label that only listeners have shows listeners too. Filters of different kinds
must all hold. Every filter can be repeated; the values of one are alternatives.
Without privileges, the processes of other users are unknown.

Examples:
  Which listeners take IPv4 and which do not
    sudo sockwhy list -l

  Everything on port 4243, and why
    sudo sockwhy list -a --port 4243

  Listeners that take no IPv4, which netstat shows like all others
    sudo sockwhy list --label ipv6-only

  IPv4 connections that netstat lists as tcp6, by program
    sudo sockwhy list --label ipv4-over-af_inet6 -o json |
        jq -r '.owners[]?.process' | sort | uniq -c

  The containers' sockets too
    sudo sockwhy list -a --netns all";

pub(super) const EXPLAIN: &str = "\
TARGET is a PID, a port like :4243, or an address with its port as netstat shows
it, like 10.0.0.20:53512, [::1]:80 or [fe80::1%eth0]:80. Without privileges, the
processes of other users are unknown. -v shows everything that is known.

Examples:
  Why everything of process 31307 is tcp6, and whether that is a problem
    sudo sockwhy explain 31307

  Whether port 4243 takes IPv4
    sudo sockwhy explain :4243 -o json | jq .verdict.accepts_ipv4

  One line of netstat
    sudo sockwhy explain 10.0.0.20:53512

  A port of a container
    sudo sockwhy explain :4243 --netns all

  The causes alone
    sudo sockwhy explain :4243 -o json | jq -r '.causes[].text'";

pub(super) const DEMO: &str = "\
An AF_INET client connects to an AF_INET6 listener on the loopback device.
Nothing is left behind. It needs no privileges.

Examples:
  Why netstat calls an IPv4 connection tcp6
    sockwhy demo

  What changes it: a listener that refuses IPv4
    sockwhy demo --v6only";

pub(super) const DOCTOR: &str = "\
Loads and attaches the BPF programs for a moment, and says which ones work. The
exit code is 0 where sockwhy can trace, 3 where it cannot.

Examples:
  What this host allows
    sudo sockwhy doctor

  What it does not allow, and the fix
    sudo sockwhy doctor -o json | jq -r 'select(.ok == false) | .check, .fix'

  Why the kernel refuses a program
    sudo sockwhy doctor -v";
