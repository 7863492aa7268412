#!/usr/bin/env bash
# Runs inside a booted root, where `tools/fresh package` copies it: tests the package from `apt install` to `apt purge`.
#
#   fresh-boot.sh OLD.deb NEW.deb
#
# Each step names a condition. The script ends at the first one that fails.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
old=$1
new=$2
unit=twtrace-exporter
settings=/etc/default/$unit
work=$(mktemp -d /tmp/fresh-boot.XXXXXX)

step() {
    echo "   $*"
}

fail() {
    echo "FAILED: $*" >&2
    journalctl -u "$unit" -n 20 --no-pager >&2 || true
    exit 1
}

until_true() { # until_true WHAT COMMAND...
    local what=$1 tries
    shift
    for ((tries = 0; tries < 300; tries++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "$what"
}

apt_install() {
    apt-get install -y --no-install-recommends "$1" >"$work/apt" 2>&1 || {
        cat "$work/apt" >&2
        fail "apt-get install $1"
    }
}

scrape() { # scrape PORT
    curl -s --max-time 5 "http://127.0.0.1:$1/metrics"
}

# All files of the machine, without the records of apt and dpkg, and logs.
all_files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /var/lib/dpkg \
        -o -path /var/lib/apt -o -path /var/cache -o -path /var/backups -o -path /var/log -o -path /var/tmp \) -prune -o -print | sort
}

step "apt install: all files are installed, and no service runs"
apt_install "$old" # its dependencies are not removed later
apt-get purge -y twtrace >/dev/null 2>&1
all_files >"$work/before"
began=$SECONDS
apt_install "$old"
[[ $(command -v twtrace) == /usr/sbin/twtrace ]] || fail "no /usr/sbin/twtrace"
twtrace --version
for file in /usr/share/bash-completion/completions/twtrace /usr/share/zsh/vendor-completions/_twtrace \
    /usr/share/fish/vendor_completions.d/twtrace.fish "$settings"; do
    [[ -s $file ]] || fail "no $file"
done
[[ $(systemctl is-enabled twtrace-recorder || true) == disabled ]] || fail "twtrace-recorder is enabled"
[[ $(systemctl is-enabled "$unit" || true) == disabled ]] || fail "$unit is enabled"
for name in "$unit" twtrace-recorder; do
    [[ $(systemctl is-active "$name" || true) == inactive ]] || fail "$name was started"
done

step "systemctl enable --now: the recorder records"
systemctl enable --now twtrace-recorder 2>/dev/null
until_true "the recorder does not record" bash -c 'twtrace summary --from /var/log/twtrace'

step "systemctl enable --now: the exporter is scraped, and counts curl's closes"
systemctl enable --now "$unit" 2>/dev/null
until_true "no scrape is answered" scrape 10660
for _ in 1 2 3 4 5; do
    scrape 10660 >/dev/null
done
# shellcheck disable=SC2016
until_true "curl's closes are not counted" bash -c '
    curl -s http://127.0.0.1:10660/metrics | grep -E "^twtrace_time_wait_entered_total\{service=\"[^\"]+\".* [1-9]"'
scrape 10660 | grep -E '^twtrace_build_info' >/dev/null || fail "no twtrace_build_info"
step "from apt install to counted closes: $((SECONDS - began)) s"
systemd-analyze security --no-pager "$unit" | tail -n 1

step "kill -9: systemd starts it again"
pid=$(systemctl show -P MainPID "$unit")
kill -9 "$pid"
until_true "it is not started again" bash -c "
    now=\$(systemctl show -P MainPID $unit); [[ \$now != 0 && \$now != $pid ]]"
until_true "no scrape is answered after kill -9" scrape 10660
pid=$(systemctl show -P MainPID twtrace-recorder)
kill -9 "$pid"
until_true "the recorder is not started again" bash -c "
    now=\$(systemctl show -P MainPID twtrace-recorder); [[ \$now != 0 && \$now != $pid ]]"
until_true "the recording cannot be read after kill -9" bash -c 'twtrace summary --from /var/log/twtrace >/dev/null'

step "settings: another port, kept by the upgrade, which restarts running services"
sed -i 's/10660/10670/' "$settings"
systemctl restart "$unit"
until_true "does not listen on the port of $settings" scrape 10670
pid=$(systemctl show -P MainPID "$unit")
version=$(dpkg-query -W -f '${Version}' twtrace)
apt_install "$new"
[[ $(dpkg-query -W -f '${Version}' twtrace) != "$version" ]] || fail "not upgraded"
grep -q 10670 "$settings" || fail "the upgrade removed the settings"
until_true "no scrape is answered after the upgrade" scrape 10670
systemctl is-active --quiet twtrace-recorder || fail "the upgrade stopped the recorder"
[[ $(systemctl show -P MainPID "$unit") != "$pid" ]] || fail "the old program still runs"
systemctl is-enabled --quiet "$unit" || fail "the upgrade disabled it"

step "apt purge: no files remain"
apt-get purge -y twtrace >"$work/apt" 2>&1 || fail "apt-get purge: $(cat "$work/apt")"
[[ $(systemctl is-active "$unit" || true) == inactive ]] || fail "still runs after purge"
all_files >"$work/after"
diff "$work/before" "$work/after" >&2 || fail "left by purge"
[[ ! -e /var/log/twtrace && ! -e /var/log/private/twtrace ]] || fail "recordings are left by purge"
rm -rf "$work"
