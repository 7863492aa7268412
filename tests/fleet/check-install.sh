#!/usr/bin/env bash
# Checks what packagers need: cmake --install with a prefix and DESTDIR installs every file, the presets exist, and cmake names
# missing packages.
#
#   tests/fleet/check-install.sh BUILD-DIRECTORY
set -euo pipefail
build=$(readlink -f "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d /tmp/twtrace-install.XXXXXX)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/root cmake --install "$build" --prefix /opt/twtrace >"$work/log"
for file in sbin/twtrace share/man/man8/twtrace.8 share/bash-completion/completions/twtrace \
    share/zsh/vendor-completions/_twtrace share/fish/vendor_completions.d/twtrace.fish \
    lib/systemd/system/twtrace-exporter.service etc/default/twtrace-exporter \
    share/doc/twtrace/docs/schema/summary.json share/doc/twtrace/examples/prometheus/twtrace.alerts.yml; do
    [[ -s $work/root/opt/twtrace/$file ]] || {
        echo "not installed: $file" >&2
        exit 1
    }
done
grep -q '^ExecStart=/opt/twtrace/sbin/twtrace ' "$work/root/opt/twtrace/lib/systemd/system/twtrace-exporter.service"

cmake --list-presets >"$work/presets"
for preset in release debug sanitize; do
    grep -q "\"$preset\"" "$work/presets" || {
        echo "no preset $preset" >&2
        exit 1
    }
done

if PKG_CONFIG_LIBDIR=/nonexistent cmake -G Ninja -S . -B "$work/build" -DTWTRACE_TESTS=OFF \
    -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON >"$work/log" 2>&1; then
    echo "configured without libbpf and fmt" >&2
    exit 1
fi
said=$(tr -s ' \n' ' ' <"$work/log")
for package in libbpf-dev prometheus-cpp-dev libncurses-dev libfmt-dev; do
    [[ $said == *"missing, by the names of Debian packages:"*"$package"* ]] || {
        echo "does not name $package: $said" >&2
        exit 1
    }
done
