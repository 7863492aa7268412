# Every row of the table in kernel-facts §1.
# limit: 240
. /lib/common.sh
export TWTRACE_SLOW_MACHINE=1 # emulated, on a host that may be busy
live_tests '[rows]'
