# Every row of the table of closings (tests/live/closings.cpp).
# limit: 240
. /lib/common.sh
export TWTRACE_SLOW_MACHINE=1 # emulated, on a host that may be busy
live_tests '[rows]'
