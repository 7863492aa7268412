# Five closes are counted, and twtrace's count equals the kernel's.
. /lib/common.sh
five_closes() { closes 5; }
during five_closes -- summary -v -o json || fail "twtrace summary ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
tr -d ' \n' </tmp/out >/tmp/flat
# One that the kernel skipped is in no total.
[ $(($(number totals time_wait) + $(number accounting missed))) -eq 5 ] ||
    fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
