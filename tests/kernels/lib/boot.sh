# shellcheck shell=bash
# Boots a guest, waits until it powers off, and keeps its two serial logs. Sourced by tools/kernels.

# TCG, because Debian's kernels do not boot under every host's KVM. Mitigations and kaslr are off, because they cost time
# and do not matter for these tests.
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
        # loops wait in virtual time, so a faster clock boots slower (shift=0 and auto: 20 to 55 s, 4: 8 s).
        printf '%s\n' -smp 1 -accel tcg -icount 'shift=4,sleep=off'
    else
        printf '%s\n' -smp 2 -accel 'tcg,thread=multi'
    fi
}

booted() { grep -q '^@@ boot ' "$1/report.log" 2>/dev/null; }

# Writes $logs/{console,report}.log and $logs/ended: off (it powered off), limit (timeout) or the exit code of QEMU.
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
        # A guest without any output is a failure of the emulator and is booted once more. Anything else is a result.
        ! booted "$logs" && [[ $attempt -eq 1 && $(cat "$logs/ended") != limit ]] || return 0
        say "$series: no output from the guest, booting it again"
    done
}

# The most specific line about why a guest reported no verdict.
last_words() {
    local logs=$1 line
    line=$(grep -aE 'Kernel panic|BUG:|Oops|general protection' "$logs/console.log" | awk 'NR == 1' | tr -d '\r')
    [[ -n $line ]] || case $(cat "$logs/ended") in
        limit) line="timeout" ;;
        off) line="guest ended early" ;;
        *) line="$(cat "$logs/ended"): $(tail -n 1 "$logs/qemu.log")" ;;
    esac
    echo "$line"
}
