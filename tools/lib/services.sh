# shellcheck shell=bash
# Provides servers, interpreters and container runtimes for the live tests without changing the system. To be sourced.
#
# Installing them would start servers. Like nginx (tools/lib/nginx.sh), missing packages are downloaded
# with their dependencies and unpacked below the build directory; nothing is installed.

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Prints the directory, which the tests take as TWTRACE_SERVICES.
service_programs() {
    local place=$build_dir/services
    if [[ $(cat "$place/.complete" 2>/dev/null) != "${services[*]}" ]]; then
        unpack_services "$place" >&2
    fi
    echo "$place"
}

services=(haproxy apache2-bin redis-server postgresql php-fpm php-curl nodejs python3-requests
    runc containerd docker.io podman conmon lxc systemd-container busybox-static)

# The packages that apt would install for them.
packages_for_services() {
    LC_ALL=C apt-get install --simulate --no-install-recommends "${services[@]}" | awk '/^Inst / { print $2 }'
}

unpack_services() {
    local place=$1 packages package
    packages=$(packages_for_services) || die "cannot resolve the dependencies of ${services[*]}"
    say "unpacking the distribution's servers, interpreters and container runtimes into $place (not installed)"
    rm -rf "$place"
    mkdir -p "$place"
    if [[ -n $packages ]]; then
        # shellcheck disable=SC2086  # a list of names
        (cd "$place" && quietly apt-get download $packages) || die "cannot download ${packages//$'\n'/ }"
        for package in "$place"/*.deb; do
            dpkg-deb --extract "$package" "$place"
            rm -f "$package"
        done
    fi
    echo "${services[*]}" >"$place/.complete"
}
