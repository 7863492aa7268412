# shellcheck shell=bash
# What differs between the guests' architectures: the emulator's machine, and where programs and libraries come from.
# Sourced by tools/kernels; $arch is amd64 or arm64, $caches the directory for caches.

cache_of_arch() {
    case $arch in
        amd64) echo "${TWTRACE_KERNELS_CACHE:-$caches/twtrace-kernels}" ;;
        *) echo "$caches/twtrace-$arch" ;; # where tools/cross keeps the libraries
    esac
}

default_build() { [[ $arch == amd64 ]] && echo "$root/build" || echo "$root/build-$arch"; }
how_to_build() { [[ $arch == amd64 ]] && echo "build it" || echo "tools/cross $arch"; }
emulator() { [[ $arch == amd64 ]] && echo qemu-system-x86_64 || echo qemu-system-aarch64; }
strip_of_arch() { [[ $arch == amd64 ]] && echo strip || echo aarch64-linux-gnu-strip; }
sysroot() { [[ $arch == amd64 ]] || echo "$cache/sysroot"; }

need_for_arch() {
    case $arch in
        amd64) need qemu-system-x86_64=qemu-system-x86 strip=binutils ;;
        arm64)
            need qemu-system-aarch64=qemu-system-arm qemu-aarch64=qemu-user \
                aarch64-linux-gnu-strip=binutils-aarch64-linux-gnu
            ;;
    esac
}

# As ldd, whose answer for a foreign program would be that it is none.
list_libraries() {
    case $arch in
        amd64) ldd "$1" ;;
        arm64) qemu-aarch64 -L "$(sysroot)" "$(sysroot)/lib/ld-linux-aarch64.so.1" --list "$1" ;;
    esac
}

# $1: the file of the report -> `machine`, `report_line` and `terminals`. The second serial line is the report's.
machine_of_arch() {
    case $arch in
        amd64)
            # cx16=off: QEMU 7.2 corrupts flags around cmpxchg16b, which 6.12's slab uses. la57=off: five-level page
            # tables cost time.
            machine=(-machine q35 -cpu 'max,la57=off,cx16=off')
            report_line=(-serial "file:$1")
            terminals=console=ttyS0
            ;;
        arm64)
            # `virt` has one UART of its own; the other sits on PCI. A cortex-a57 has no pointer authentication, which
            # costs an emulator much.
            machine=(-machine virt -cpu cortex-a57)
            report_line=(-chardev "file,id=report,path=$1" -device 'pci-serial,chardev=report')
            terminals='console=ttyAMA0 report=/dev/ttyS0'
            ;;
    esac
}
