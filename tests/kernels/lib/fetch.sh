# shellcheck shell=bash
# Downloads kernel packages of any Debian suite without changing the host's own apt state, and unpacks the files that a
# guest needs: $cache/kernels/SERIES/{vmlinuz,modules/*.ko,release,source}. Sourced by tools/kernels.

# Modules of Debian's cloud kernels that a guest needs; their dependencies are added.
guest_modules=(veth inet_diag tcp_diag sch_netem)

# The suite's newest release of a series (or of all, for `newest`): 6.12.107+deb13, 5.10.0-32, ..
# Other package names vary (-unsigned, release candidates, linux-binary- from 7.0 on); this form is in all suites.
newest_release() {
    local series=$2
    [[ $series != newest ]] || series='[0-9]+\.[0-9]+'
    apt_suite "$1"
    apt-cache "${apt_opts[@]}" pkgnames linux-image- |
        sed -nE "s/^linux-image-($series([^0-9].*)?)-cloud-$arch\$/\1/p" | sort -V | tail -n 1
}

# 6.12.107+deb13 -> 6.12
series_of() { [[ $1 =~ ^[0-9]+\.[0-9]+ ]] && printf '%s\n' "${BASH_REMATCH[0]}"; }

# KERNEL -> "SUITE RELEASE" lines to fetch. `newest` is the highest series of any suite.
locate() {
    local row suite want release best='' best_suite=''
    case $1 in
        oldest)
            suite=${matrix[0]%% *}
            refresh "$suite" && release=$(newest_release "$suite" newest) && [[ -n $release ]] && echo "$suite $release"
            return
            ;;
        newest) want=newest ;;
        *) want=${1//./\\.} ;;
    esac
    for row in "${matrix[@]}"; do
        suite=${row%% *}
        refresh "$suite" || continue
        release=$(newest_release "$suite" "$want")
        [[ -n $release ]] || continue
        if [[ -z $best || $(printf '%s\n%s\n' "$best" "$release" | sort -V | tail -n 1) != "$best" ]]; then
            best=$release best_suite=$suite
        fi
    done
    [[ -n $best ]] && echo "$best_suite $best"
}

# Downloads every package of this release: up to 6.19 linux-image- has everything, later linux-binary- has the image and
# linux-modules- the modules.
download() {
    local suite=$1 release=$2 into=$3 kind names=()
    apt_suite "$suite"
    for kind in image binary modules; do
        names+=("$(apt-cache "${apt_opts[@]}" pkgnames "linux-$kind-$release-cloud-$arch" |
            grep -Fx "linux-$kind-$release-cloud-$arch" || true)")
    done
    mkdir -p "$into"
    # shellcheck disable=SC2068  # drops empty names
    (cd "$into" && apt-get "${apt_opts[@]}" download -qq ${names[@]}) >"$cache/apt/$suite/download.log" 2>&1
}

# vmlinuz and the needed modules. The image is in /boot, from 7.0 on beside the modules, which are in /usr/lib or /lib.
unpack() {
    local from=$1 to=$2 deb image tree module
    for deb in "$from"/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$from" || return
    done
    image=$(find "$from" -name 'vmlinuz*' -type f -print -quit)
    tree=$(find "$from" -type d -path '*/lib/modules/*' -name kernel -print -quit)
    [[ -n $image && -n $tree ]] || return
    mkdir -p "$to/modules"
    mv "$image" "$to/vmlinuz"
    for module in "${guest_modules[@]}"; do
        add_module "$tree" "$module" "$to/modules"
    done
    basename "$(dirname "$tree")" >"$to/release"
}

# Copies a module to $3 after its dependencies, numbered for insmod. Reads the dependencies from the module itself,
# because not every host has depmod and modprobe. A module that is built in or absent is skipped.
add_module() {
    local tree=$1 name=$2 to=$3 file depends needed tmp
    compgen -G "$to/*-$name.ko" >/dev/null && return
    file=$(find "$tree" -name "$name.ko*" -print -quit)
    [[ -n $file ]] || return 0
    tmp=$to/$name.part
    inflate "$file" >"$tmp"
    depends=$(tr '\0' '\n' <"$tmp" | sed -n 's/^depends=//p')
    for needed in ${depends//,/ }; do
        add_module "$tree" "$needed" "$to"
    done
    mv "$tmp" "$to/$(printf %02d "$(find "$to" -name '*.ko' | wc -l)")-$name.ko"
}

inflate() {
    case $1 in
        *.xz) xz -dc "$1" ;;
        *.zst) zstd -qdc "$1" ;;
        *.gz) gzip -dc "$1" ;;
        *) cat "$1" ;;
    esac
}

fetch_one() {
    local suite=$1 release=$2 series to work
    series=$(series_of "$release")
    to=$cache/kernels/$series
    if [[ -r $to/vmlinuz && $(cat "$to/source") == "$release ($suite)" ]]; then
        say "$series: $release ($suite) is already fetched"
        return
    fi
    say "$series: fetching $release ($suite)"
    work=$(mktemp -d "$cache/unpack.XXXXXX")
    if download "$suite" "$release" "$work" && unpack "$work" "$work/out"; then
        echo "$release ($suite)" >"$work/out/source"
        rm -rf "$to"
        mkdir -p "$cache/kernels"
        mv "$work/out" "$to"
        rm -rf "$work"
    else
        rm -rf "$work"
        say "$series: could not be downloaded or unpacked, see $cache/apt/$suite/download.log"
        return 1
    fi
}

fetch() {
    local row suite name found failed=0
    need xz=xz-utils zstd=zstd dpkg-deb=dpkg apt-cache=apt
    if [[ $# -gt 0 ]]; then
        for name in "$@"; do
            [[ $name =~ ^([0-9]+\.[0-9]+|oldest|newest)$ ]] || misuse "$name is not a kernel series"
        done
        for name in "$@"; do
            found=$(locate "$name") || true
            if [[ -z $found ]]; then
                say "$name: not available in any suite"
                failed=1
            else
                fetch_one "${found% *}" "${found#* }" || failed=1
            fi
        done
        return "$failed"
    fi
    for row in "${matrix[@]}"; do
        suite=${row%% *} name=${row#* }
        refresh "$suite" || { say "$suite: not available, see $cache/apt/$suite/update.log"; continue; }
        found=$(newest_release "$suite" "${name//./\\.}")
        [[ -n $found ]] || { say "$suite: no cloud kernel ($name)"; continue; }
        fetch_one "$suite" "$found" || true
    done
    [[ -n $(fetched) ]] || die "no kernel could be fetched"
}
