# shellcheck shell=bash
# shellcheck disable=SC2154  # the sourcing script sets arch and triplet
# Builds static libraries that Debian has only as shared ones, from the distribution's own source packages. To be sourced;
# needs $arch and $triplet (aarch64-linux-gnu).

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/twtrace-static
# shellcheck source=tools/lib/apt.sh
source "$root_dir/tools/lib/apt.sh"

static_sources=(fmtlib spdlog prometheus-cpp)

# fetch_sources DIRECTORY: downloads the sources of the installed version, whose headers twtrace is compiled with.
fetch_sources() {
    local directory=$1 suite
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt_suite "$suite"
    sed -i 's/^deb /deb-src /' "$cache/apt/$suite/sources.list"
    refresh "$suite" || die "no sources of $suite: see $cache/apt/$suite/update.log"
    (cd "$directory" && quietly apt-get "${apt_opts[@]}" source "${static_sources[@]}") ||
        die "cannot download the sources of ${static_sources[*]}"
}

# archive_of LIBRARY OPTIONS SOURCE..: compiles and packs.
archive_of() {
    local library=$1 options=$2 source objects=()
    shift 2
    for source in "$@"; do
        objects+=("${source%.c*}.o")
        # shellcheck disable=SC2086  # options
        quietly "$triplet-g++" -std=c++17 -O2 -fPIE -ffunction-sections -fdata-sections -DNDEBUG \
            "-ffile-prefix-map=$PWD=." $options -c "$source" -o "${source%.c*}.o" || return 1
    done
    rm -f "$library"
    "$triplet-ar" rcsD "$library" "${objects[@]}"
}

# Prints a directory with libfmt.a, libspdlog.a and libprometheus-cpp-core.a.
static_libraries() {
    local place=$cache/lib/$arch work
    if [[ ! -s $place/libprometheus-cpp-core.a || /usr/include/prometheus/registry.h -nt $place ]]; then
        say "building static libraries of ${static_sources[*]} in $place"
        mkdir -p "$place"
        work=$(mktemp -d /tmp/twtrace-static.XXXXXX)
        fetch_sources "$work" >&2
        (
            cd "$work"
            archive_of "$place/libfmt.a" "" fmtlib-*/src/format.cc fmtlib-*/src/os.cc &&
                archive_of "$place/libspdlog.a" "-DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL" spdlog-*/src/*.cpp &&
                archive_of "$place/libprometheus-cpp-core.a" -DPROMETHEUS_CPP_CORE_STATIC_DEFINE \
                    prometheus-cpp-*/core/src/*.cc prometheus-cpp-*/core/src/detail/*.cc
        ) >&2 || die "cannot build the static libraries"
        rm -rf "$work"
    fi
    echo "$place"
}
