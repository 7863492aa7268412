# Five closes are counted, and twtrace's count equals the kernel's.
. /lib/common.sh
five_closes() { closes 5; }
during five_closes -- summary -v -o json || fail "twtrace summary ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
tr -d ' \n' </tmp/out >/tmp/flat
grep -q '"totals":{[^}]*"time_wait":5[,}]' /tmp/flat || fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
