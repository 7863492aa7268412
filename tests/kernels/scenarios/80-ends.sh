# How each TIME_WAIT ends (--ends), with fentry: reused, reset, purged, or expired after a minute.
# limit: 600
. /lib/common.sh
twtrace doctor --host | grep -q '^fentry *yes' || fail "no fentry: $(twtrace doctor --host | grep '^fentry')"
live_tests '[ends]'
