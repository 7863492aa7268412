# shellcheck shell=bash
# Provides a real nginx without changing the system. To be sourced.
#
# `apt-get install nginx` would write /etc/nginx and start a web server on port 80. To prevent the start,
# a policy-rc.d or a masked unit would be needed, which affects the whole system and remains if the
# script is killed. If no nginx is installed, the distribution's package is therefore downloaded and
# unpacked below the build directory, and only its program is used. Its shared libraries are installed.

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Prints the path of an nginx program; unpacks one if there is none.
nginx_program() {
    local place=$build_dir/nginx
    if [[ -x /usr/sbin/nginx ]]; then
        echo /usr/sbin/nginx
        return
    fi
    if [[ ! -x $place/usr/sbin/nginx ]]; then
        unpack_nginx "$place" >&2
    fi
    echo "$place/usr/sbin/nginx"
}

unpack_nginx() {
    local place=$1 libraries
    say "unpacking the distribution's nginx into $place (it is not installed)"
    rm -rf "$place"
    mkdir -p "$place"
    # As the current user: apt's own user may not write here, and apt would warn about it.
    (cd "$place" && quietly apt-get download nginx) || die "cannot download the package nginx"
    dpkg-deb --extract "$place"/nginx_*.deb "$place"
    libraries=$(dpkg-deb --field "$place"/nginx_*.deb Depends | tr ',' '\n' |
        sed -nE 's/^ *((lib|zlib)[a-z0-9.+-]*).*/\1/p')
    # shellcheck disable=SC2086  # a list of names
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $libraries
}
