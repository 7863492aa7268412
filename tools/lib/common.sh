# shellcheck shell=bash
# Common code of tools/*: directories, root, quiet commands, the build. To be sourced.

root_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # for the sourcing scripts
build_dir=${TWTRACE_BUILD_DIR:-$root_dir/build}
# The prefix of log lines: "demo: building".
script_name=$(basename "$0")

say() {
    printf '%s: %s\n' "$script_name" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# The comment block at the top of the script is its help.
print_usage() {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

# Variables that sudo must keep.
kept_variables=TWTRACE,TWTRACE_REQUIRE_BPF,TWTRACE_NGINX,TWTRACE_PROMETHEUS,TWTRACE_SERVICES,TWTRACE_SEED,TWTRACE_SEEDS,TWTRACE_KINDS,ASAN_OPTIONS,UBSAN_OPTIONS

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env="$kept_variables" "$@"
    else
        die "needs root for '$1': run it as root, or install sudo"
    fi
}

# Runs a command and shows its output only if it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        tail -n 60 "$log" >&2
        say "failed (exit status $status): $*"
    fi
    rm -f "$log"
    return "$status"
}

# build_target TARGETS DIRECTORY [CMAKE-OPTION...]: configures and builds. TARGETS are separated by spaces.
build_target() {
    local targets directory=$2 launcher=()
    read -ra targets <<<"$1"
    shift 2
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    quietly cmake -S "$root_dir" -B "$directory" -G Ninja "${launcher[@]}" "$@"
    quietly cmake --build "$directory" --target "${targets[@]}"
}
