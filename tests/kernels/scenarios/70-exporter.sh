# The exporter answers a scrape and counts the close.
. /lib/common.sh
need_command exporter
scrape() {
    one_close
    wget -q -O /tmp/metrics http://127.0.0.1:9435/metrics
}
during scrape -- exporter -v --listen 127.0.0.1:9435 || fail "twtrace exporter ended with $?: $(tail -n 1 /tmp/err)"
grep -q '^twtrace_build_info' /tmp/metrics || fail "no twtrace_build_info"
grep '^twtrace_time_wait_entered_total' /tmp/metrics | grep -q ' 1$' || fail "the close was not counted"
