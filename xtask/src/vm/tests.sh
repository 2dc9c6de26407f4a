# The task of a guest that `cargo xtask vm` starts: runs the tests, once per backend where they know backends. Beside
# this script lie `runs` (a backend and whether it is expected, or a program with other tests, a line each), `arguments`
# (of the tests, a line each) and the programs `sockwhy`, `acceptance` and the others.

set --
while IFS= read -r argument; do
    set -- "$@" "$argument"
done </arguments

export SOCKWHY_BIN=/sockwhy
# An emulated CPU makes some thousand connections a second.
export SOCKWHY_STORM=8000
while read -r SOCKWHY_BACKEND SOCKWHY_EXPECT; do
    export SOCKWHY_BACKEND SOCKWHY_EXPECT
    program=acceptance
    [ -x "/$SOCKWHY_BACKEND" ] && program=$SOCKWHY_BACKEND
    echo "@begin $SOCKWHY_BACKEND"
    status=0
    # To them, the serial port is a terminal.
    /$program --color=never "$@" </dev/null || status=$?
    # On a line of its own, wherever the tests stopped.
    printf '\n@end %s\n' "$status"
done </runs
