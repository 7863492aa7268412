# In a separate PID namespace, as in a container, twtrace loads, and its pids are those of the namespace.
. /lib/common.sh
if [ "${INSIDE_PIDNS:-}" != yes ]; then
    INSIDE_PIDNS=yes exec unshare -p -f -m --mount-proc sh "$0"
fi
during one_close -- trace -v -o json || fail "twtrace trace ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
grep -q 'pids are those of this namespace' /tmp/err || fail "twtrace does not say whose pids they are"
pid=$(sed -n 's/.*"type":"time_wait".*"pid":\([0-9]*\).*/\1/p' /tmp/out | head -n 1)
[ -n "$pid" ] || fail "no pid"
# In this namespace it is about the tenth process; in the guest's, pids are much higher by now.
if [ "$pid" -le 1 ] || [ "$pid" -ge 60 ]; then fail "pid $pid is not one of the namespace"; fi
