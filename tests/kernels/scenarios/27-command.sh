# Five closes of a command's descendants are counted, those of others are not, and the status is the command's.
. /lib/common.sh
echo '. /lib/common.sh; closes 5; exit 3' >/tmp/command
one_close & # somebody else
twtrace summary -o json --output-file /tmp/out -- sh /tmp/command 2>/tmp/err
status=$?
[ $status -eq 3 ] || fail "twtrace summary -- sh ended with $status"
cat /tmp/out
wait
tr -d ' \n' </tmp/out >/tmp/flat
grep -q '"totals":{[^}]*"time_wait":5[,}]' /tmp/flat || fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
