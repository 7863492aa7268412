# A socket that was in TIME_WAIT before is listed.
. /lib/common.sh
need_command list
one_close
twtrace list -o json >/tmp/out 2>/tmp/err || fail "twtrace list ended with $?: $(tail -n 1 /tmp/err)"
cat /tmp/out
has local_port:7001 || fail "port 7001 is not listed"
