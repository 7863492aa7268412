# Every row of the table in kernel-facts §1.
# limit: 240
. /lib/common.sh
live_tests '[rows]'
