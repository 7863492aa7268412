# The doctor works without features that this kernel lacks, and detects whether bind() picked a port, which it reads from
# a field of the kernel.
# limit: 240
. /lib/common.sh
need_command doctor
twtrace doctor --host >/tmp/out 2>/tmp/err || fail "twtrace doctor --host ended with $?: $(cat /tmp/out)"
cat /tmp/out
twtrace doctor >/tmp/out 2>/tmp/err
status=$?
[ $status -eq 0 ] || [ $status -eq 3 ] || fail "twtrace doctor ended with $status: $(tail -n 1 /tmp/err)"
[ -s /tmp/out ] || fail "twtrace doctor said nothing"
cat /tmp/out
live_tests 'doctor: bind*'
