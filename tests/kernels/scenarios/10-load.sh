# twtrace loads, attaches, reports that it traces, and ends with status 0 on Ctrl-C.
. /lib/common.sh
during true -- trace -v || fail "twtrace trace ended with $?: $(tail -n 1 /tmp/err)"
grep -q tracing /tmp/err || fail "twtrace never said that it traces"
# It must not fall back to relocating against all of the kernel's types.
! grep "all of the kernel's types" /tmp/err || fail "a slice of the kernel's types was not enough"
