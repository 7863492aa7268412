#!/usr/bin/env bash
# Checks the completions of each installed shell: commands, options of a command, and the values of an option with a fixed
# set of values.
#
#   tests/fleet/check-completion.sh TWTRACE
set -euo pipefail
cd "$(dirname "$0")/../.."
twtrace=$(readlink -f "$1")
scripts=$PWD/tools/completion
PATH=${twtrace%/*}:$PATH
problems=0

# Completions of the last of the given words, one in each line.
offer_bash() {
    bash --norc -c '
        source "$1/twtrace.bash"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _twtrace
        printf "%s\n" "${COMPREPLY[@]}"' bash "$scripts" "$@"
}

# compadd and _describe print the entries that zsh would show in its menu.
offer_zsh() {
    # shellcheck disable=SC2016  # for zsh
    zsh -f -c '
        compadd() { shift; print -l -- $@ }
        _describe() { print -l -- ${${(P)2}%%:*} }
        _files() { print FILES }
        _normal() { print -l -- "_normal $words[1]" }
        scripts=$1
        shift
        words=("$@") CURRENT=$# PREFIX=$@[-1]
        source $scripts/twtrace.zsh' zsh "$scripts" "$@"
}

offer_fish() {
    fish --no-config -c "source $scripts/twtrace.fish; complete -C '$*'" | cut -f 1
}

expect() { # expect SHELL YES|NO WANTED WORD...
    local shell=$1 yes=$2 wanted=$3 found=NO
    shift 3
    if "offer_$shell" "$@" | grep -xF -- "$wanted" >/dev/null; then
        found=YES
    fi
    [[ $found == "$yes" ]] || {
        echo "$shell, '$*': $wanted offered: $found" >&2
        problems=$((problems + 1))
    }
}

for shell in bash zsh fish; do
    command -v "$shell" >/dev/null || {
        [[ ${TWTRACE_REQUIRE_BPF:-} != 1 ]] || problems=$((problems + 1)) # CI has installed it
        echo "SKIP: no $shell"
        continue
    }
    expect "$shell" YES summary twtrace ''
    expect "$shell" YES --group twtrace summary --g
    expect "$shell" NO --listen twtrace summary --l
    expect "$shell" YES --listen twtrace exporter --l
    expect "$shell" YES json twtrace trace -o ''
    expect "$shell" YES peer twtrace summary --group ''
    expect "$shell" NO summary twtrace summary ''
    expect "$shell" NO json twtrace record -o ''
    expect "$shell" NO summary twtrace record -o x -- ''
done
# After `--` the command has its own completion.
command -v bash >/dev/null && expect bash YES env twtrace what-if -- en
command -v fish >/dev/null && expect fish YES env twtrace what-if -- en
command -v zsh >/dev/null && expect zsh YES '_normal env' twtrace what-if -- env --he
((problems == 0))
