#!/usr/bin/env bash
# What is in deploy/ is valid, as far as a machine without systemd, Kubernetes and Grafana can tell:
# Prometheus' own tool checks configuration, rules and alerts and runs their tests. (That the rules
# and the dashboard use metrics that exist is checked in tests/unit/exporter.)
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
    # 3.0: the score is 2.1, and later versions of systemd look at more.
    systemd-analyze security --offline=yes --threshold=30 --no-pager \
        deploy/systemd/twtrace-exporter.service | tail -n 1
    systemd-analyze security --offline=yes --threshold=30 --no-pager \
        deploy/systemd/twtrace-recorder.service | tail -n 1
fi
