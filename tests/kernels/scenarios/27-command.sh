# Five closes of a command's descendants are counted, closes of other processes are not, and the status is the command's.
. /lib/common.sh
echo '. /lib/common.sh; closes 5; exit 3' >/tmp/command
one_close & # not part of the command
twtrace summary -v -o json --output-file /tmp/out -- sh /tmp/command 2>/tmp/err
status=$?
[ $status -eq 3 ] || fail "twtrace summary -- sh ended with $status"
cat /tmp/out
wait
tr -d ' \n' </tmp/out >/tmp/flat
# An entry may have no closer only if twtrace reports that the kernel skipped a BPF program, and at most as often.
skipped=$(sed -nE 's/.* ([0-9]+) transitions skipped by recursion.*/\1/p' /tmp/err)
entries=$(number totals time_wait)
unknown=$(number accounting without_closer)
if [ "$entries" -gt 5 ] || [ $((entries + unknown)) -lt 5 ] || [ "$unknown" -gt "${skipped:-0}" ]; then
    fail "not five: $(grep -o '"totals":{[^}]*}' /tmp/flat), $unknown without a closer, ${skipped:-no} skipped"
fi
grep -q '"exact":true' /tmp/flat || fail "not exact: $(grep -o '"accounting":{[^}]*}' /tmp/flat)"
