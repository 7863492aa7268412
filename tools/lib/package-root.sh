# shellcheck shell=bash
# Root file systems in which tools/package builds for another distribution or architecture. To be sourced by tools/package;
# needs root.

# shellcheck source=tools/lib/bare.sh
source "$root_dir/tools/lib/bare.sh"
roots=${XDG_CACHE_HOME:-$HOME/.cache}/twtrace-package

suite_of() {
    case $1 in
    debian12) echo bookworm ;;
    ubuntu24.04) echo noble ;;
    esac
}

# Libraries of the target architecture and its compiler; all other packages are of this machine's architecture. apt has
# packages for all architectures only under their plain names.
foreign_packages() {
    local arch=$1 name
    "$root_dir/tools/setup" --list | awk -v arch="$arch" '$1 == arch && $2 ~ /^g[+][+]-/ { print $2 }'
    for name in $("$root_dir/tools/setup" --list | awk '$1 == "build" && $2 ~ /-dev$|^pkg-config$/ { print $2 }'); do
        in_root "$root" "$suite" apt-cache show "$name:$arch" >/dev/null 2>&1 && name+=:$arch
        echo "$name"
    done
}

apt_in_root() {
    quietly in_root "$root" "$suite" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

# Made again when the list of packages has changed. Caches of a build (compiler output, static libraries) stay in the root.
make_build_root() {
    local target=$1 arch=$2 wanted
    wanted=$("$root_dir/tools/setup" --list | grep -E '^(build|package) ')
    [[ $(cat "$root/packages" 2>/dev/null) != "$wanted" ]] || return 0
    say "making a root to build for $target $arch in $root"
    rm -rf --one-file-system "$root"
    make_root "$suite" "$root" git ca-certificates ccache
    if [[ $arch != "$(dpkg --print-architecture)" ]]; then
        in_root "$root" "$suite" dpkg --add-architecture "$arch"
        apt_in_root update
        # shellcheck disable=SC2046  # a list
        apt_in_root install -y --no-install-recommends $(foreign_packages "$arch")
    fi
    clone_into "$root" /root
    in_root "$root" "$suite" /root/twtrace/tools/setup build package
    echo "$wanted" >"$root/packages"
}

# package_in_root TARGET ARCH once|twice DIRECTORY: runs tools/package in the root, in a clone of the last commit.
package_in_root() {
    local target=$1 arch=$2 mode=$3 output=$4 root=$roots/$1-$2 suite
    [[ $target == debian12 || $arch == amd64 ]] || die "no packages for $target $arch: they could not be tested"
    ((EUID == 0)) || die "needs root: run it with sudo"
    suite=$(suite_of "$target")
    mkdir -p "$roots" "$output"
    exec 9>"$root.lock"
    flock 9
    make_build_root "$target" "$arch"
    rm -rf --one-file-system "$root/root/twtrace" "$root/root/packages"
    clone_into "$root" /root
    [[ $mode == twice ]] || mode=
    in_root "$root" "$suite" /root/twtrace/tools/package --arch "$arch" ${mode:+"$mode"} /root/packages
    rm -f "$output"/twtrace*.*deb "$output"/twtrace-*.tar.zst
    cp "$root"/root/packages/* "$output/"
}
