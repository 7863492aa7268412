# shellcheck shell=bash
# Completion for bash: everything it offers comes from twtrace --help, so it knows what that twtrace knows.

_twtrace() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} commands command='' word words
    commands=$("$program" --help 2>/dev/null | awk '/^Subcommands:/ { on = 1; next } on && NF { print $1 }')
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $'\n'$commands$'\n' == *$'\n'"$word"$'\n'* ]] && command=$word
    done
    case $previous in
    -o | --output)
        if [[ $command == record ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
        fi
        words='table json csv'
        ;;
    -g | --group) words='process service container peer listener netns' ;;
    --role) words='client server' ;;
    --netns | --cgroup | --textfile | --auth-file | --from | --junit)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    *)
        # shellcheck disable=SC2086  # no command: no argument
        words=$("$program" $command --help 2>/dev/null | grep -oE '^ +-[^ ]+' | tr -d ' ' | tr ',' ' ')
        [[ -n $command ]] || words+=" $commands"
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _twtrace twtrace
