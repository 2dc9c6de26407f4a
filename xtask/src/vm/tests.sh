# The task of a guest that `cargo xtask vm` starts: runs the tests, once per backend where they know backends. Beside
# this script lie `runs` (a backend or `list`, and whether it is expected, a line each), `arguments` (of the tests, a
# line each) and the programs `sockwhy`, `acceptance` and `list`.

set --
while IFS= read -r argument; do
    set -- "$@" "$argument"
done </arguments

export SOCKWHY_BIN=/sockwhy
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
