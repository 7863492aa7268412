# shellcheck shell=bash
# Provides a real Prometheus without changing the system. To be sourced.
#
# Installing the package would start a server. Like nginx (nginx.sh), it is downloaded and unpacked
# below the build directory, and only its programs are used; they need no libraries.

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Prints the directory in which prometheus and promtool are; unpacks them if there are none.
prometheus_programs() {
    local place=$build_dir/prometheus
    if [[ -x /usr/bin/prometheus && -x /usr/bin/promtool ]]; then
        echo /usr/bin
        return
    fi
    if [[ ! -x $place/usr/bin/promtool ]]; then
        say "unpacking the distribution's prometheus into $place (it is not installed)" >&2
        rm -rf "$place"
        mkdir -p "$place"
        (cd "$place" && quietly apt-get download prometheus) || die "cannot download the package prometheus"
        dpkg-deb --extract "$place"/prometheus_*.deb "$place"
    fi
    echo "$place/usr/bin"
}
