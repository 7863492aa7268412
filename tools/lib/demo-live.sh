#!/usr/bin/env bash
# The live part of tools/demo; runs as root. usage: demo-live.sh TWTRACE NGINX SECONDS
#
# Everything happens in a network namespace of its own: nginx as a reverse proxy (front) before
# another nginx (back), loaded on loopback, while `twtrace summary` looks at that namespace.
set -euo pipefail
# shellcheck source=tools/lib/common.sh
source "$(dirname "$0")/common.sh"
script_name=demo

twtrace=$1
nginx=$2
seconds=$3
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

# A namespace lives as long as a process in it: this one says when loopback is up, then sleeps.
make_namespace() {
    local ready
    exec {ready}< <(exec unshare --net sh -c 'ip link set lo up && echo ready && exec sleep infinity')
    holder=$!
    children+=("$holder")
    read -r -u "$ready" || die "cannot make a network namespace (unshare --net)"
    namespace=/proc/$holder/ns/net
    # An array, no function: after `"${enter[@]}" COMMAND &`, $! has to be the command itself.
    enter=(nsenter --net="$namespace")
}


# nginx_config NAME HTTP-BLOCK: nothing of it points outside the temporary directory.
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

# start_summary NAME FORMAT: returns when it traces; its output goes to $work/NAME.
start_summary() {
    local name=$1 format=$2 tries
    "$twtrace" summary -d "$((seconds + 2))" --netns "$namespace" -o "$format" -v \
        >"$work/$name" 2>"$work/$name.err" &
    summary_pid=$!
    children+=("$summary_pid")
    for ((tries = 0; tries < 400; tries++)); do
        grep -qs "tracing" "$work/$name.err" && return
        kill -0 "$summary_pid" 2>/dev/null || break
        sleep 0.05
    done
    # Its own last line says what is refused and what to do.
    tail -n 1 "$work/$name.err" >&2
    exit 1
}

# measure NAME: one loaded run under two summaries, one to be read and one to be computed with.
measure() {
    local name=$1 table csv
    start_summary "$name.table" table
    table=$summary_pid
    start_summary "$name.csv" csv
    csv=$summary_pid
    "${enter[@]}" wrk -t 1 -c 16 -d "${seconds}s" "http://127.0.0.1:$front_port/" >"$work/$name.wrk" &
    children+=($!)
    wait $! || die "wrk failed: $(cat "$work/$name.wrk")"
    wait "$table" || die "$(tail -n 1 "$work/$name.table.err")"
    wait "$csv" || die "$(tail -n 1 "$work/$name.csv.err")"
    requests=$(awk '/requests in/ { print $1 }' "$work/$name.wrk")
}

# closes NAME PID ROLE: how many sockets that process brought into TIME_WAIT in that role.
closes() {
    awk -F, -v pid="$2" -v role="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["pid"] == pid && $column["role"] == role { sum += $column["time_wait"] }
        END { print sum + 0 }' "$work/$1.csv"
}

all_closes() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { sum += $column["time_wait"] } END { print sum + 0 }' "$work/$1.csv"
}

show() {
    echo
    echo "\$ twtrace summary -d $((seconds + 2)) --netns $namespace"
    cat "$work/$1.table"
}

make_namespace
start_nginx back "$back_port" "
    server { listen 127.0.0.1:$back_port; location / { return 200 \"ok\\n\"; } }"
back_worker=$worker_pid

say "load 1 of 2 ($seconds s): nginx as a reverse proxy, no keepalive towards its upstream"
start_front ""
measure before
show before
before=$(closes before "$front_worker" client)
before_all=$(all_closes before)
before_requests=$requests
cat <<END

Who closes: nginx pid $front_worker, the proxy's worker process. It brought $before of $before_all sockets
into TIME_WAIT. Its role is client: it opened these connections itself, to its upstream
127.0.0.1:$back_port, and closed each of them first. The upstream server (nginx pid $back_worker) did not.
Why: the upstream block has no 'keepalive' line, so the proxy opens and closes a connection for each
of the $before_requests requests. Each one leaves a socket in TIME_WAIT for 60 s, which takes a local port
towards that upstream; there are $(awk '{ print $2 - $1 + 1 }' /proc/sys/net/ipv4/ip_local_port_range) of them.
The fix:
    upstream back { server 127.0.0.1:$back_port; keepalive 32; }
    (with proxy_http_version 1.1 and proxy_set_header Connection "", which this proxy has)
END

echo
say "load 2 of 2 ($seconds s): the same with the fix"
stop_nginx
start_front "keepalive 32;"
measure after
show after
after=$(closes after "$front_worker" client)

echo
echo "Before: $before connections closed by the proxy towards its upstream, $before_requests requests."
echo "After:  $after connections closed by the proxy towards its upstream, $requests requests."

((before > 0 && before * 2 > before_all)) || die "the proxy's worker is not the main closer of the first run"
((after * 20 < before)) || die "keepalive did not bring the number down"
