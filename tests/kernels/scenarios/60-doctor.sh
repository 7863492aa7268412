# The doctor has something to say and does not stumble over what this kernel lacks.
. /lib/common.sh
need_command doctor
twtrace doctor >/tmp/out 2>/tmp/err || fail "twtrace doctor ended with $?: $(tail -n 1 /tmp/err)"
[ -s /tmp/out ] || fail "twtrace doctor said nothing"
cat /tmp/out
