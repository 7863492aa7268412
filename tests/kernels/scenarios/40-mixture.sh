# Random mixtures of closes; captured + lost + missed must equal the kernel's own counter.
# limit: 240
. /lib/common.sh
export TWTRACE_SEEDS=2 TWTRACE_WORKERS=2 # an emulated CPU: the test is about the equation, not the load
export TWTRACE_SLOW_MACHINE=1 # emulated, on a host that may be busy
live_tests '[mixture]' || exit
# tcp_max_tw_buckets again, with the minisock far from the head of its hash chain (kernel commit b8ec80b13021).
live_tests 'entries: a minisock is found wherever it is in its hash chain'
