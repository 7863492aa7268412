# shellcheck shell=bash
# Initramfs images: one with the programs and scripts for all kernels, and one with a kernel's modules. The
# kernel unpacks concatenated archives one over the other. Sourced by tools/kernels.

# A stripped program with its libraries at the paths where the dynamic loader looks for them.
add_program() {
    local program=$1 tree=$2 name=${3:-$(basename "$1")} library
    mkdir -p "$tree/bin"
    "$(strip_of_arch)" -g -o "$tree/bin/$name" "$program" 2>/dev/null || cp "$program" "$tree/bin/$name"
    while read -r library; do
        [[ -e $tree$library ]] || install -D "$(sysroot)$library" "$tree$library"
    done < <(list_libraries "$program" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*')
}

archive() {
    (cd "$1" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet | gzip -1)
}

# The part that all kernels share -> $2.
pack_programs() {
    local kind=$1 image=$2 build=$3 tree program
    shift 3
    tree=$(mktemp -d)
    add_program "$(busybox_static)" "$tree" busybox
    install -m 755 "$root/tests/kernels/guest/init" "$tree/init"
    mkdir -p "$tree/run.d" "$tree/lib" "$tree/lib64" "$tree/etc"
    echo 'root:x:0:0:root:/:/bin/sh' >"$tree/etc/passwd"
    for name in "$@"; do
        cp "$root/tests/kernels/$kind"/[0-9]*-"$name".sh "$tree/run.d/"
    done
    cp "$root/tests/kernels/guest/common.sh" "$tree/lib/"
    while read -r program; do
        add_program "$program" "$tree"
    done < <("programs_of_$kind" "$build")
    archive "$tree" >"$image"
    rm -rf "$tree"
}

pack_modules() {
    local series=$1 image=$2 tree
    tree=$(mktemp -d)
    cp -r "$cache/kernels/$series/modules" "$tree/modules"
    archive "$tree" >"$image"
    rm -rf "$tree"
}

# Debian's busybox-static replaces the dynamic busybox at the same path; a dynamic one does not run in a guest.
busybox_static() {
    local busybox
    [[ $arch == amd64 ]] || { echo "$(sysroot)/bin/busybox"; return; }
    busybox=$(type -P busybox) || die "missing: apt-get install busybox-static"
    ! ldd "$busybox" >/dev/null 2>&1 || die "$busybox is not static: apt-get install busybox-static"
    echo "$busybox"
}

# Without the live tests (TWTRACE_TESTS=OFF), their scenarios skip.
programs_of_scenarios() {
    local build=$1 program
    for program in "$build/twtrace" "$build/tests/live/twtrace_live_tests"; do
        [[ ! -x $program ]] || echo "$program"
    done
}

# The probes are compiled against libbpf only, so that facts do not depend on twtrace.
programs_of_facts() {
    local out=$cache/facts
    mkdir -p "$out"
    make -s -C "$root/tests/kernels/facts" OUT="$out" CC="$(compiler_of_arch)" BPF_ARCH="$(bpf_arch)" >&2 || die "the fact probes do not build"
    find "$out" -maxdepth 1 -type f -perm -u+x
}
