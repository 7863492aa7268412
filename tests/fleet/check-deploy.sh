#!/usr/bin/env bash
# Checks deploy/: promtool checks configuration, rules and alerts and runs their tests, and
# systemd-analyze rates the units where it exists. tests/unit/exporter checks that rules and
# dashboard use existing metrics.
set -euo pipefail
cd "$(dirname "$0")/../.."
promtool=${TWTRACE_PROMETHEUS:-/usr/bin/prometheus}
promtool=${promtool%/*}/promtool
if [[ ! -x $promtool ]]; then
    [[ ${TWTRACE_REQUIRE_BPF:-} != 1 ]] || {
        echo "no promtool; tools/test unpacks one" >&2
        exit 1
    }
    echo "SKIP: no promtool; tools/test unpacks one"
    exit 0
fi
"$promtool" check config deploy/prometheus/prometheus.yml
"$promtool" check rules deploy/prometheus/twtrace.rules.yml deploy/prometheus/twtrace.alerts.yml
"$promtool" test rules deploy/prometheus/twtrace.test.yml
if command -v systemd-analyze >/dev/null; then
    # The score is 2.1; 3.0 leaves room for checks that later versions of systemd add.
    systemd-analyze security --offline=yes --threshold=30 --no-pager \
        deploy/systemd/twtrace-exporter.service | tail -n 1
    systemd-analyze security --offline=yes --threshold=30 --no-pager \
        deploy/systemd/twtrace-recorder.service | tail -n 1
fi
