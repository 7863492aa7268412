#!/usr/bin/env bash
# The live part of tools/demo; runs as root. usage: demo-live.sh TWTRACE NGINX SECONDS [RECORDING]
#
# In a separate network namespace it runs nginx as a reverse proxy (front) for another nginx (back),
# with load on loopback, while `twtrace summary` traces this namespace.
set -euo pipefail
# shellcheck source=tools/lib/common.sh
source "$(dirname "$0")/common.sh"
script_name=demo

twtrace=$1
nginx=$2
seconds=$3
recording=${4:-}
front_port=8080
back_port=8081
children=()
work=$(mktemp -d /tmp/twtrace-demo.XXXXXX)

clean_up() {
    trap '' INT TERM
    if ((${#children[@]} > 0)); then
        kill "${children[@]}" 2>/dev/null || true
        wait 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A namespace needs a process: this one reports that loopback is up, then sleeps.
make_namespace() {
    local ready
    exec {ready}< <(exec unshare --net sh -c 'ip link set lo up && echo ready && exec sleep infinity')
    holder=$!
    children+=("$holder")
    read -r -u "$ready" || die "cannot make a network namespace (unshare --net)"
    namespace=/proc/$holder/ns/net
    # An array, not a function, because $! must be the command itself after `"${enter[@]}" COMMAND &`.
    enter=(nsenter --net="$namespace")
}


# nginx_config NAME HTTP-BLOCK: all of its paths are in the temporary directory.
nginx_config() {
    local name=$1 http=$2 dir=$work/$1 kind
    mkdir -p "$dir"
    {
        echo "daemon off; worker_processes 1; pid $dir/pid; error_log $dir/error.log;"
        echo "events { worker_connections 1024; }"
        echo "http { access_log off; keepalive_requests 10000000;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $dir/$kind;"
        done
        echo "$http }"
    } >"$dir/nginx.conf"
}

# start_nginx NAME PORT HTTP-BLOCK: sets nginx_pid (the master) and worker_pid.
start_nginx() {
    local name=$1 port=$2 dir=$work/$1 tries
    nginx_config "$name" "$3"
    "${enter[@]}" "$nginx" -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" 2>"$dir/stderr" &
    nginx_pid=$!
    children+=("$nginx_pid")
    for ((tries = 0; tries < 200; tries++)); do
        kill -0 "$nginx_pid" 2>/dev/null || break
        worker_pid=$(cat "/proc/$nginx_pid/task/$nginx_pid/children" 2>/dev/null || true)
        worker_pid=${worker_pid%% *}
        if [[ -n $worker_pid ]] && "${enter[@]}" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; then
            return
        fi
        sleep 0.05
    done
    cat "$dir/stderr" "$dir/error.log" >&2 2>/dev/null || true
    die "nginx ($name) did not start"
}

stop_nginx() {
    kill -QUIT "$nginx_pid"
    wait "$nginx_pid" || true
}

start_front() { # start_front WITH-KEEPALIVE-LINE
    start_nginx front "$front_port" "
        upstream back { server 127.0.0.1:$back_port; $1 }
        server {
            listen 127.0.0.1:$front_port;
            location / {
                proxy_pass http://back;
                proxy_http_version 1.1;
                proxy_set_header Connection \"\";
            }
        }"
    front_worker=$worker_pid
}

# start_tracing NAME ARGUMENT...: returns when twtrace traces; its output goes to $work/NAME.
start_tracing() {
    local name=$1 tries
    shift
    "$twtrace" "$@" -v >"$work/$name" 2>"$work/$name.err" &
    tracer_pid=$!
    children+=("$tracer_pid")
    for ((tries = 0; tries < 400; tries++)); do
        grep -qs 'tracing' "$work/$name.err" && return
        kill -0 "$tracer_pid" 2>/dev/null || break
        sleep 0.05
    done
    die "$(tail -n 1 "$work/$name.err")"
}

# measure NAME: runs one load under a summary, which is stopped when the load ends, as with Ctrl-C. A
# fixed duration would be too short on a busy host.
measure() {
    local name=$1
    start_tracing "$name" summary --netns "$namespace"
    "${enter[@]}" wrk -t 1 -c 16 -d "${seconds}s" "http://127.0.0.1:$front_port/" >"$work/wrk" &
    children+=($!)
    wait $! || die "wrk failed: $(cat "$work/wrk")"
    requests=$(awk '/requests in/ { print $1 }' "$work/wrk")
    sleep 0.2 # the proxy closes after its last answers
    kill -TERM "$tracer_pid"
    wait "$tracer_pid" || die "$(tail -n 1 "$work/$name.err")"
    echo
    echo "# twtrace summary --netns $namespace"
    cat "$work/$name"
}

# closes NAME [PID ROLE]: entries into TIME_WAIT of all processes, or of one process in one role, from the
# summary's table.
closes() {
    awk -v pid="${2:-}" -v role="${3:-}" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        NF == 0 { exit }
        pid == "" || ($column["PID"] == pid && $column["ROLE"] == role) { sum += $column["TIME_WAIT"] }
        END { print sum + 0 }' "$work/$1"
}

# If this host refuses BPF, twtrace's own message gives the reason and the remedy.
"$twtrace" summary -d 0.01 >/dev/null || exit 1

make_namespace
# shellcheck disable=SC2016  # the dollars are awk's
local_ports=$("${enter[@]}" awk '{ print $2 - $1 + 1 }' /proc/sys/net/ipv4/ip_local_port_range)
start_nginx back "$back_port" "
    server { listen 127.0.0.1:$back_port; location / { return 200 \"ok\\n\"; } }"
back_worker=$worker_pid

if [[ -n $recording ]]; then
    start_tracing recorder record -o "$recording" --netns "$namespace"
    recorder_pid=$tracer_pid
fi
say "load 1 of 2 ($seconds s): nginx as a reverse proxy, no keepalive towards its upstream"
start_front ""
measure before
before=$(closes before "$front_worker" client)
before_all=$(closes before)
before_requests=$requests
((before > 0 && before * 2 > before_all)) || die "the proxy's worker is not the main closer of this run"
cat <<END

Who closes: nginx pid $front_worker, the worker process of the proxy: $before of $before_all entries into TIME_WAIT.
Its role is client: it opened these connections itself, to its upstream 127.0.0.1:$back_port, and closed
them first. The upstream server, nginx pid $back_worker, closed $(closes before "$back_worker" server) first.

Why: the upstream block has no 'keepalive' line, so the proxy opens and closes a connection for each
of the $before_requests requests. Each leaves a socket in TIME_WAIT for 60 s, which takes one of the $local_ports local
ports towards that upstream. (On loopback a new connection may take one over after a second, see
net.ipv4.tcp_tw_reuse; towards other hosts it may not.)

The fix:
    upstream back { server 127.0.0.1:$back_port; keepalive 32; }
    (with proxy_http_version 1.1 and proxy_set_header Connection "", which this proxy has)
END

echo
say "load 2 of 2 ($seconds s): the same with the fix"
stop_nginx
start_front "keepalive 32;"
measure after
after=$(closes after "$front_worker" client)

echo
echo "Before: $before connections closed by the proxy towards its upstream, $before_requests requests."
echo "After:  $after connections closed by the proxy towards its upstream, $requests requests."
((after * 20 < before)) || die "keepalive did not reduce the number of closes"

if [[ -n $recording ]]; then
    kill -TERM "$recorder_pid"
    wait "$recorder_pid" || die "$(tail -n 1 "$work/recorder.err")"
    echo
    echo "Recorded: $recording. Without root: twtrace top --from $recording"
fi
