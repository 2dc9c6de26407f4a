# The task of a guest that `cargo xtask bench` starts: a storm without a tracer, then with each tool, and so on. Beside
# this script lie `storm` (rounds, threads and connections), `tools` (a name and a command, a line each) and `load`.

storm() {
    /load storm --threads "$threads" --connections "$connections"
}

read -r rounds threads connections </storm
for round in $(seq "$rounds"); do
    while IFS='|' read -r name command; do
        echo "off|$(storm)"
        # Words of a command are parted by spaces.
        $command >/tmp/output 2>/tmp/errors &
        tries=0
        # What is written to a file comes in blocks of some kilobytes. The clock of an emulated machine can leap, so a
        # tool that still runs is given many tries.
        until [ -s /tmp/output ] || ! kill -0 $! 2>/dev/null || [ "$tries" -ge 300 ]; do
            /load storm --connections 50 >/dev/null
            sleep 0.5
            tries=$((tries + 1))
        done
        if [ -s /tmp/output ]; then
            echo "$name|$(storm)"
        else
            echo "absent|$name: $(head -n 1 /tmp/errors)"
        fi
        sleep 1
        kill -INT $! || true
        wait
    done </tools
done
echo "off|$(storm)"
