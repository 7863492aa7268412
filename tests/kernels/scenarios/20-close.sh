# One connection, closed by the server: one line, with the right port and the right process.
. /lib/common.sh
during one_close -- trace -v -o json || fail "twtrace trace ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
has type:'"time_wait"' local_port:7001 || fail "no time_wait on port 7001"
has type:'"time_wait"' local_port:7001 comm:'"echo"' || fail "not attributed to echo"
