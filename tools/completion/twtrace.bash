# shellcheck shell=bash
# Completion for bash. All completions come from the installed twtrace: from --help, and from its error message for an empty
# value.

# The kind of value of an option: "FILE", "PATH"; nothing if it is a flag or not an option.
_twtrace_takes() {
    awk -v option="$1" '$1 ~ /^-/ && $2 ~ /^[A-Z][A-Z|:,.]+$/ {
        count = split($1, names, ",")
        for (i = 1; i <= count; i++) if (names[i] == option) print $2
    }'
}

_twtrace() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} commands command='' help takes words word
    commands=$("$program" --help 2>/dev/null | awk '/^Subcommands:/ { on = 1; next } on && NF { print $1 }')
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $'\n'$commands$'\n' == *$'\n'"$word"$'\n'* ]] && command=$word
    done
    for ((word = 1; word < COMP_CWORD; word++)); do
        if [[ ${COMP_WORDS[word]} == -- ]]; then # a command of its own, with its own completion
            _command_offset $((word + 1)) 2>/dev/null || mapfile -t COMPREPLY < <(compgen -c -f -- "$current")
            return
        fi
    done
    # shellcheck disable=SC2086  # no command: no argument
    help=$("$program" $command --help 2>/dev/null)
    takes=$(_twtrace_takes "$previous" <<<"$help")
    case $takes in
    *FILE* | *PATH* | *DIR*)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    '')
        words=$(grep -oE '^ +-[^ ]+' <<<"$help" | tr -d ' ' | tr ',' ' ')
        [[ -n $command ]] || words+=" $commands"
        ;;
    *) # shellcheck disable=SC2086
        words=$("$program" $command "$previous" '' 2>&1 | sed -n 's/.* is none of: //p' | tr -d ',') ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _twtrace twtrace
