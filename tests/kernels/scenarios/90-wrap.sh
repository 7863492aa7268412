# limit: 420
# The lower 32 bits of jiffies, TCP's time stamps, wrap five minutes after boot: closes before, across and after the wrap.
# It takes these five minutes, except with --fast-time.
. /lib/common.sh
uptime_s() { cut -d . -f 1 /proc/uptime; }
[ "$(uptime_s)" -lt 280 ] || skip "the wrap is over"
# A connection that lasts across the wrap and is then closed by the server.
across() {
    (
        sleep $((310 - $(uptime_s)))
        echo late
    ) | nc -l -p 7003 &
    late=$! # closes() has a variable `server`
    sleep 1
    sleep 400 | nc 127.0.0.1 7003 >/dev/null & # at the end of its input nc would close first
    closes 2
    wait $late
    closes 2
}
during across -- trace -v -o json || fail "twtrace trace ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
[ "$(uptime_s)" -ge 305 ] || fail "there was no wrap"
grep -q 'accounting: exact' /tmp/err || fail "not exact: $(grep accounting /tmp/err)"
# No close takes longer than the time that passed.
while read -r close_us; do
    [ "$close_us" -lt 330000000 ] || fail "closing took $close_us us"
done <<END
$(tr -d ' ' </tmp/out | sed -nE 's/.*"close_us":([0-9]+).*/\1/p')
END
