# shellcheck shell=bash
# Makes bare root file systems of Debian and Ubuntu, and runs commands in them. To be sourced; needs root.

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/twtrace-fresh
# shellcheck source=tools/lib/apt.sh
source "$root_dir/tools/lib/apt.sh"

# ubuntu_keyring: prints the path of Ubuntu's keyring. Debian 13 has a package of it, Debian 12 does not.
ubuntu_keyring() {
    local arch keyring=$cache/ubuntu-archive-keyring.gpg dir
    if [[ ! -s $keyring ]]; then
        arch=$(dpkg --print-architecture)
        refresh trixie || die "no package lists of trixie: see $cache/apt/trixie/update.log"
        dir=$(mktemp -d "$cache/keyring.XXXXXX")
        (cd "$dir" && quietly apt-get "${apt_opts[@]}" download ubuntu-keyring && dpkg-deb -x ./*.deb .) >&2 ||
            die "cannot download the keys of Ubuntu's archive"
        mv "$dir/usr/share/keyrings/ubuntu-archive-keyring.gpg" "$keyring"
        rm -r "$dir"
    fi
    echo "$keyring"
}

# archive_options SUITE[/arm64]: mmdebstrap's options for it, in `archive_opts`, and the archive in `uri`.
archive_options() {
    local keyring
    case $1 in
    noble)
        uri=http://archive.ubuntu.com/ubuntu
        keyring=$(ubuntu_keyring)
        # _apt cannot read the keyring below /root. apt is named because minbase does not include it on Ubuntu.
        archive_opts=("--components=main,universe" --include=apt --keyring="$keyring" --aptopt='APT::Sandbox::User "root"'
            --customize-hook="rm \"\$1/etc/apt/apt.conf.d/99mmdebstrap\"
                echo 'deb $uri noble main universe' >\"\$1/etc/apt/sources.list\"")
        ;;
    *)
        uri=$(mirror)
        [[ -n $uri ]] || die "no Debian archive in this machine's apt configuration (apt-get update first?)"
        archive_opts=(--keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
        ;;
    esac
    # sysfs belongs to this machine's network namespace, so it cannot be mounted in a user namespace.
    [[ $1 != */arm64 ]] || archive_opts+=(--architectures=arm64 --skip=chroot/mount/sys)
}

# map_users PID: maps every user to itself in the new user namespace of the process.
map_users() {
    until [[ $(readlink "/proc/$1/ns/user") != "$(readlink /proc/self/ns/user)" ]]; do sleep 0.1; done
    echo "0 0 65536" >"/proc/$1/gid_map"
    echo "0 0 65536" >"/proc/$1/uid_map"
}

# Magic and mask of arm64 programs, as in qemu-user-static. F opens the interpreter at registration, outside of the root.
binfmt_arm64=':arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
binfmt_arm64+=':\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
binfmt_arm64+=':/usr/bin/qemu-aarch64-static:F'

# with_arm64 COMMAND...: runs it in a user namespace in which the kernel runs arm64 programs with qemu; this machine is
# not changed.
with_arm64() (
    pid=$BASHPID
    map_users "$pid" &
    # A process gets its capabilities with the first execve() after users are mapped.
    # shellcheck disable=SC2016  # for the inner shells
    exec unshare --user --mount --pid --fork --kill-child --propagation private -- bash -euc '
        until [[ -n $(</proc/self/uid_map) ]]; do sleep 0.1; done
        exec bash -euc "$0" "$@"' '
        mount -t proc proc /proc
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
            { echo "this kernel has no binfmt_misc in user namespaces (from 6.7 on)" >&2; exit 1; }
        printf %s "$0" >/proc/sys/fs/binfmt_misc/register
        exec "$@"' "$binfmt_arm64" "$@"
)

# make_root SUITE[/arm64] DIRECTORY [PACKAGE...]: unpacks a minbase root with these packages. It is kept as a tar archive
# for a week, because the download takes longer than most tests.
make_root() {
    local suite=$1 root=$2 name archive packages uri archive_opts run=()
    shift 2
    name=${suite/\//-}${*:+-$*}
    archive=$cache/roots/${name// /+}.tar
    mkdir -p "$cache/roots" "$root"
    find "$cache/roots" -name '*.tar' -mtime +7 -delete
    if [[ ! -s $archive ]]; then
        command -v mmdebstrap >/dev/null || die "no mmdebstrap: tools/setup fresh"
        archive_options "$suite"
        [[ $suite != */arm64 ]] || run=(with_arm64)
        say "downloading a bare $suite"
        packages=$(IFS=, && echo "$*")
        quietly "${run[@]}" mmdebstrap --variant=minbase --mode=root --format=tar ${packages:+"--include=$packages"} \
            "${archive_opts[@]}" "${suite%/*}" "$archive.part" "$uri"
        mv "$archive.part" "$archive"
    fi
    tar -C "$root" --numeric-owner --exclude='./dev/*' -xf "$archive"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo '127.0.0.1 localhost' >"$root/etc/hosts" # written by the installer, not by a package
}

# The directory for downloaded packages, shared by all roots of a suite; for this machine's suite, its own cache.
package_cache() {
    local suite=$1 dir=$cache/archives/${1/\//-}
    mkdir -p "$dir/partial"
    # shellcheck source=/dev/null
    if [[ $(. /etc/os-release && echo "${VERSION_CODENAME-}") == "$suite" ]]; then
        find /var/cache/apt/archives -maxdepth 1 -name '*.deb' \
            -exec cp --link --no-clobber --target-directory="$dir" {} + 2>/dev/null || true
    fi
    echo "$dir"
}

# clone_into ROOT HOME: a fresh clone of the repository.
clone_into() {
    git clone --quiet --no-hardlinks "$root_dir" "$1$2/twtrace"
}

# in_root ROOT SUITE COMMAND...: runs it in a separate mount namespace whose root is ROOT, with this machine's /proc, /sys
# and /dev. It does not use chroot, because programs that make mount namespaces need a real root.
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
