# Common code of the scenarios; guest/init describes their exit codes. `. /lib/common.sh`
# shellcheck shell=sh

skip() { echo "$*"; exit 77; }
fail() { cat /tmp/err 2>/dev/null; echo "$*"; exit 1; }

# A missing command is not a failure of this kernel.
need_command() {
    twtrace --help 2>&1 | grep -qE "^ +$1( |\$)" || skip "not built yet"
}

# during COMMAND -- ARGS..: runs COMMAND once `twtrace ARGS..` reports that it traces, then interrupts twtrace. Returns
# twtrace's exit status. twtrace runs in the foreground, because a shell lets background programs ignore SIGINT.
during() {
    task=$1
    shift 2
    rm -f /tmp/pid /tmp/err
    (
        tries=0
        until grep -q tracing /tmp/err 2>/dev/null; do
            tries=$((tries + 1))
            [ $tries -lt 150 ] || break
            usleep 200000
        done
        $task
        sleep 1 # the reader may wait before its next read
        kill -INT "$(cat /tmp/pid)"
    ) &
    # shellcheck disable=SC2016  # the inner shell's own pid and arguments
    sh -c 'echo $$ >/tmp/pid; exec twtrace "$@" >/tmp/out 2>/tmp/err' sh "$@"
}

# One connection on port 7001 that the server closes first when it ends: `echo` is the active closer. The client's
# standard input stays open, because the client would otherwise shut down its side at once.
one_close() {
    nc -l -p 7001 -e echo hello &
    sleep 1
    sleep 2 | nc 127.0.0.1 7001
    wait $!
}

# closes N: N connections on port 7002 at a time, each closed by the server.
closes() {
    nc -ll -p 7002 -e echo hello &
    server=$!
    sleep 1
    clients=
    for _ in $(seq "$1"); do
        sleep 3 | nc 127.0.0.1 7002 >/dev/null &
        clients="$clients $!"
    done
    # shellcheck disable=SC2086  # a list
    wait $clients
    kill $server
}

# has 'KEY:VALUE'..: an object of the JSON lines in /tmp/out has all of these members.
has() {
    tr -d ' ' </tmp/out >/tmp/objects
    for member in "$@"; do
        grep -F "\"${member%%:*}\":${member#*:}" /tmp/objects >/tmp/objects.next
        mv /tmp/objects.next /tmp/objects
    done
    [ -s /tmp/objects ]
}

# Runs the live tests of one tag; a binary without such tests skips.
live_tests() {
    command -v twtrace_live_tests >/dev/null || skip "twtrace_live_tests was not built"
    twtrace_live_tests --list-tests "$1" | grep -qE '^0 (matching )?test cases' && skip "no test is tagged $1 yet"
    # Without these variables the tests do not find the program and skip, which would count as a pass.
    TWTRACE=/bin/twtrace TWTRACE_REQUIRE_BPF=1 twtrace_live_tests "$1" >/tmp/tests 2>&1
    code=$?
    grep -v '^$' /tmp/tests | tail -n 400
    return $code
}

# number OBJECT KEY: of the JSON document without spaces in /tmp/flat.
number() { sed -E "s/.*\"$1\":\\{[^}]*\"$2\":([0-9]+).*/\\1/" /tmp/flat; }
