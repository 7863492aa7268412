# Random mixtures of closes; captured + lost + missed has to equal the kernel's own counter.
# limit: 240
. /lib/common.sh
export TWTRACE_SEEDS=2 TWTRACE_WORKERS=2 # an emulated CPU: what is proven is the equation, not the load
export TWTRACE_SLOW_MACHINE=1 # emulated, on a host that may be busy
live_tests '[mixture]'
