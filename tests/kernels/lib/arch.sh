# shellcheck shell=bash
# The differences between the guests' architectures: the emulator's machine, and the sources of programs and libraries.
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
bpf_arch() { [[ $arch == amd64 ]] && echo x86 || echo arm64; } # as in __TARGET_ARCH_x86
compiler_of_arch() { [[ $arch == amd64 ]] && echo gcc || echo "aarch64-linux-gnu-gcc --sysroot=$(sysroot)"; }
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

# Like ldd, which does not support programs of another architecture; paths as in the guest.
list_libraries() {
    local root
    root=$(sysroot)
    case $arch in
        amd64) ldd "$1" ;;
        arm64) qemu-aarch64 -L "$root" "$root/lib/ld-linux-aarch64.so.1" --list "$1" | sed "s|$root||" ;;
    esac
}

# The options of QEMU for the machine, one in each line.
machine_of_arch() {
    case $arch in
        # cx16=off: QEMU 7.2 corrupts flags around cmpxchg16b, which 6.12's slab uses. la57=off: five-level page tables
        # cost time.
        amd64) printf '%s\n' -machine q35 -cpu 'max,la57=off,cx16=off' ;;
        # A cortex-a57 has no pointer authentication, which is slow in an emulator.
        arm64) printf '%s\n' -machine virt -cpu cortex-a57 ;;
    esac
}

# The second serial line, into a file. `virt` has one UART; the second is on PCI.
report_line() {
    case $arch in
        amd64) printf '%s\n' -serial "file:$1" ;;
        arm64) printf '%s\n' -chardev "file,id=report,path=$1" -device 'pci-serial,chardev=report' ;;
    esac
}

# For the kernel's command line; the kernel passes unknown parameters to init.
terminals() { [[ $arch == amd64 ]] && echo console=ttyS0 || echo 'console=ttyAMA0 report=/dev/ttyS0'; }
