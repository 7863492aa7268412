# The doctor has something to say, does not stumble over what this kernel lacks, and sees who picked a port: that
# is read from a field of the kernel's own.
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
