#!/usr/bin/env bash
# Runs the image with exactly the mounts and capabilities of the DaemonSet, in a network namespace that represents the node.
#
#   fresh-image.sh DIRECTORY       DIRECTORY has the podman storage, with an image named twtrace
set -euo pipefail
# shellcheck source=tools/lib/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=tools/lib/manifest.sh
source "$root_dir/tools/lib/manifest.sh"
script_name=fresh
manifest=$root_dir/deploy/kubernetes/daemonset.yaml
engine=(podman --root "$1/storage" --runroot "$1/run" --storage-driver vfs --cgroup-manager cgroupfs)
metrics=http://127.0.0.1:10660/metrics

made=()

remove_container() {
    "${engine[@]}" rm --force --time 5 twtrace-fresh >/dev/null 2>&1 || true
}

# In reverse order: the deepest directory was made last.
clean_up() {
    local index
    remove_container
    for ((index = ${#made[@]} - 1; index >= 0; index--)); do
        rmdir --ignore-fail-on-non-empty "${made[index]}" || true
    done
}

# Like the kubelet. Parents come first.
make_directory() {
    [[ ! -d $1 ]] || return 0
    make_directory "${1%/*}"
    mkdir "$1"
    made+=("$1")
}

failed() {
    "${engine[@]}" logs twtrace-fresh >&2 || true
    die "image: $*"
}

trap clean_up EXIT
ip link set lo up
mapfile -t directories < <(manifest_directories "$manifest")
for directory in "${directories[@]}"; do
    make_directory "$directory"
done
mapfile -t flags < <(manifest_flags "$manifest")
mapfile -t arguments < <(manifest_arguments "$manifest")
say "podman run ${flags[*]} twtrace ${arguments[*]}"
# Some build machines do not allow podman's default limits, and crun refuses a hybrid cgroup hierarchy.
start() {
    "${engine[@]}" run --runtime runc --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --detach --name twtrace-fresh \
        "$@" "${flags[@]}" localhost/twtrace "${arguments[@]}" >/dev/null
}

runs() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        curl -s -o /dev/null "$metrics" && return
        [[ $("${engine[@]}" inspect --format '{{.State.Status}}' twtrace-fresh) == running ]] || return 1
        sleep 0.1
    done
    return 1
}

start
if ! runs; then
    # As described in the manifest: the profile of older runtimes requires CAP_SYS_ADMIN instead of CAP_BPF.
    [[ $("${engine[@]}" logs twtrace-fresh 2>&1) == *"a seccomp filter"* ]] || failed "does not start"
    say "this podman's seccomp profile does not know CAP_BPF: running without a profile"
    remove_container
    start --security-opt seccomp=unconfined
    runs || failed "no scrape is answered"
fi
for _ in 1 2 3 4 5; do
    curl -s -o /dev/null "$metrics" || failed "no scrape is answered"
done
closed='^twtrace_time_wait_entered_total\{service="[^"]+",.*role="client".* [1-9]'
for ((tries = 0; tries < 50; tries++)); do
    curl -s "$metrics" | grep -E "$closed" >/dev/null && break
    sleep 0.1
done
curl -s "$metrics" | grep -E "$closed" || failed "curl's closes are not named"

pid=$("${engine[@]}" inspect --format '{{.State.Pid}}' twtrace-fresh)
# CAP_BPF 39, CAP_PERFMON 38, CAP_SYS_PTRACE 19. All three are granted; twtrace drops PERFMON once its programs are loaded.
granted=$(awk '/^CapBnd:/ { print $2 }' "/proc/$pid/status")
held=$(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")
[[ $granted == 000000c000080000 && $held == 0000008000080000 ]] || failed "was granted $granted, and holds $held"
if "${engine[@]}" exec twtrace-fresh sh -c true 2>/dev/null; then
    failed "there is a shell in the image"
fi
