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
# An interrupt during a BPF program hides another transition from it: the entry has no closer then, which is counted.
number() { sed -E "s/.*\"$1\":\\{[^}]*\"$2\":([0-9]+).*/\\1/" /tmp/flat; }
entries=$(number totals time_wait)
if [ "$entries" -gt 5 ] || [ $((entries + $(number accounting without_closer))) -lt 5 ]; then
    fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
fi
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
