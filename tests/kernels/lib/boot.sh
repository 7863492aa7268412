# shellcheck shell=bash
# One guest: boot, wait for it to power off, leave its two serial logs. Sourced by tools/kernels.

# TCG, because stock kernels do not boot under every host's KVM. Mitigations and kaslr are off: they
# cost time and prove nothing here.
qemu_options() {
    local series=$1 image=$2 logs=$3 fast=$4
    machine_of_arch
    printf '%s\n' -m 512 -nodefaults -no-user-config -no-reboot -display none -monitor none \
        -serial "file:$logs/console.log"
    report_line "$logs/report.log" # after the console: the order numbers them
    printf '%s\n' -kernel "$cache/kernels/$series/vmlinuz" -initrd "$image" \
        -append "$(terminals) quiet panic=-1 mitigations=off nokaslr"
    if [[ $fast -eq 1 ]]; then
        # The virtual clock jumps to the next timer while the only CPU idles. 16 ns an instruction (shift=4): delay
        # loops are waited out in virtual time too, so a faster clock boots slower (shift=0 and auto: 20 to 55 s, 4: 8 s).
        printf '%s\n' -smp 1 -accel tcg -icount 'shift=4,sleep=off'
    else
        printf '%s\n' -smp 2 -accel 'tcg,thread=multi'
    fi
}

booted() { grep -q '^@@ boot ' "$1/report.log" 2>/dev/null; }

# Leaves $logs/{console,report}.log and $logs/ended: off (by itself), limit (time was up) or the exit code of QEMU.
boot() {
    local series=$1 image=$2 logs=$3 fast=$4 limit=$5 options attempt code
    for attempt in 1 2; do
        rm -rf "$logs"
        mkdir -p "$logs"
        mapfile -t options < <(qemu_options "$series" "$image" "$logs" "$fast")
        code=0
        nice timeout --foreground -k 5 "$limit" "$(emulator)" "${options[@]}" >"$logs/qemu.log" 2>&1 </dev/null || code=$?
        case $code in
            0) echo off ;;
            124 | 137) echo limit ;;
            *) echo "qemu $code" ;;
        esac >"$logs/ended"
        # A guest that said nothing at all is the emulator's fault and gets one more chance. Anything later is a result.
        ! booted "$logs" && [[ $attempt -eq 1 && $(cat "$logs/ended") != limit ]] || return 0
        say "$series: no sign of life, once more"
    done
}

# Why a guest left no verdict: the one line that tells most.
last_words() {
    local logs=$1 line
    line=$(grep -aE 'Kernel panic|BUG:|Oops|general protection' "$logs/console.log" | awk 'NR == 1' | tr -d '\r')
    [[ -n $line ]] || case $(cat "$logs/ended") in
        limit) line="time was up" ;;
        off) line="guest ended early" ;;
        *) line="$(cat "$logs/ended"): $(tail -n 1 "$logs/qemu.log")" ;;
    esac
    echo "$line"
}
