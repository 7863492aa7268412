# shellcheck shell=bash
# Bare Debian roots, and commands that run in one as if it were this machine's root. To be sourced; needs root.

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/twtrace-fresh
# shellcheck source=tools/lib/apt.sh
source "$root_dir/tools/lib/apt.sh"

# make_root SUITE DIRECTORY [PACKAGE...]: what debootstrap's minbase has, and these packages. Kept as a tar archive for a
# week: to download it takes longer than most of what is done in it.
make_root() {
    local suite=$1 root=$2 name archive packages uri
    shift 2
    name=$suite${*:+-$*}
    archive=$cache/roots/${name// /+}.tar
    mkdir -p "$cache/roots" "$root"
    find "$cache/roots" -name '*.tar' -mtime +7 -delete
    if [[ ! -s $archive ]]; then
        command -v mmdebstrap >/dev/null || die "no mmdebstrap: tools/setup fresh"
        uri=$(mirror)
        [[ -n $uri ]] || die "no Debian archive in this machine's apt configuration (apt-get update first?)"
        say "downloading a bare Debian $suite"
        packages=$(IFS=, && echo "$*")
        quietly mmdebstrap --variant=minbase --mode=root --format=tar ${packages:+"--include=$packages"} \
            --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$archive.part" "$uri"
        mv "$archive.part" "$archive"
    fi
    tar -C "$root" --numeric-owner --exclude='./dev/*' -xf "$archive"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo '127.0.0.1 localhost' >"$root/etc/hosts" # an installer's work, not a package's
}

# Downloaded packages survive the root that asked for them; this machine's own serve a root of the same suite.
package_cache() {
    local suite=$1 dir=$cache/archives/$1
    mkdir -p "$dir/partial"
    # shellcheck source=/dev/null
    if [[ $(. /etc/os-release && echo "${VERSION_CODENAME-}") == "$suite" ]]; then
        find /var/cache/apt/archives -maxdepth 1 -name '*.deb' \
            -exec cp --link --no-clobber --target-directory="$dir" {} + 2>/dev/null || true
    fi
    echo "$dir"
}

# in_root ROOT SUITE COMMAND...: in a mount namespace of its own whose root is ROOT, with this machine's /proc, /sys and
# /dev. No chroot: programs that make mount namespaces themselves need a real root.
in_root() {
    local root=$1 suite=$2 archives
    shift 2
    archives=$(package_cache "$suite")
    # shellcheck disable=SC2016  # for the inner shell
    unshare --mount --propagation private -- bash -euc '
        root=$1 archives=$2
        shift 2
        mount --bind "$root" "$root"
        for dir in proc sys dev; do
            mount --rbind "/$dir" "$root/$dir"
        done
        mount --bind "$archives" "$root/var/cache/apt/archives"
        mkdir -p "$root/.old"
        cd "$root"
        pivot_root . .old
        cd /
        umount -l /.old
        rmdir /.old
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            TERM="${TERM:-dumb}" "$@"' bash "$root" "$archives" "$@"
}
