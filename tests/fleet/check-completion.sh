#!/usr/bin/env bash
# What the shells offer after some words, for each shell that is here: commands, options of the command, the values of an
# option that has a choice.
#
#   tests/fleet/check-completion.sh TWTRACE
set -euo pipefail
cd "$(dirname "$0")/../.."
twtrace=$(readlink -f "$1")
scripts=$PWD/tools/completion
PATH=${twtrace%/*}:$PATH
problems=0

# One per line, of the words given; the last one is to be completed.
offer_bash() {
    bash --norc -c '
        source "$1/twtrace.bash"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _twtrace
        printf "%s\n" "${COMPREPLY[@]}"' bash "$scripts" "$@"
}

# compadd and _describe are what zsh itself would fill its menu with.
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
# Behind `--` it is the completion of the command there.
command -v bash >/dev/null && expect bash YES env twtrace what-if -- en
command -v fish >/dev/null && expect fish YES env twtrace what-if -- en
command -v zsh >/dev/null && expect zsh YES '_normal env' twtrace what-if -- env --he
((problems == 0))
