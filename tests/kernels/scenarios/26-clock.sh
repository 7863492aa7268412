# The clock is set an hour forward and two back during the trace; counts and duration must remain correct.
. /lib/common.sh
step_clock() { date -s "@$(($(date +%s) + $1))" >/dev/null; }
closes_and_steps() {
    step_clock 3600
    closes 3
    step_clock -7200
    closes 2
}
during closes_and_steps -- summary -v -o json || fail "twtrace summary ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
tr -d ' \n' </tmp/out >/tmp/flat
grep -q '"totals":{[^}]*"time_wait":5[,}]' /tmp/flat || fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
seconds=$(sed -E 's/.*"duration_s":(-?[0-9]+).*/\1/' /tmp/flat)
case $seconds in
-* | [3-9]?? | ????*) fail "it ran for $seconds s" ;;
esac
