#compdef twtrace
# Completion for zsh. All completions come from the installed twtrace: from --help, and from its error message for an empty
# value.

# "name:description" for _describe, one line for each name of an option (-p,--pid).
_twtrace_rows() {
    awk -v wanted="$1" '
        /^Subcommands:/ { section = "commands"; next }
        /^Options:/ { section = "options"; next }
        section == wanted && NF {
            count = split($1, names, ",")
            text = $0
            sub(/^ *[^ ]+ +/, "", text)
            if (wanted == "options" && text ~ /^[A-Z][A-Z|:,.]+ /) sub(/^[^ ]+ +/, "", text)
            for (i = 1; i <= count; i++) print names[i] ":" text
        }'
}

_twtrace_takes() {
    awk -v option="$1" '$1 ~ /^-/ && $2 ~ /^[A-Z][A-Z|:,.]+$/ {
        count = split($1, names, ",")
        for (i = 1; i <= count; i++) if (names[i] == option) print $2
    }'
}

_twtrace() {
    local program=$words[1] previous=$words[CURRENT-1] subcommand='' word help takes
    local -a commands options values
    local -i own=${words[(i)--]}
    if (( own < CURRENT )); then # a command of its own, with its own completion
        shift $own words
        (( CURRENT -= own ))
        _normal
        return
    fi
    commands=(${(f)"$($program --help 2>/dev/null | _twtrace_rows commands)"})
    for word in ${words[2,CURRENT-1]}; do
        [[ -n ${(M)commands:#${word}:*} ]] && subcommand=$word
    done
    help=$($program $subcommand --help 2>/dev/null)
    takes=$(_twtrace_takes $previous <<<$help)
    case $takes in
    *FILE*|*PATH*|*DIR*)
        _files
        ;;
    '')
        options=(${(f)"$(_twtrace_rows options <<<$help)"})
        [[ -n $subcommand || $PREFIX == -* ]] || _describe command commands
        [[ -z $subcommand && $PREFIX != -* ]] || _describe option options
        ;;
    *)
        values=(${=${(M)${(f)"$($program $subcommand $previous '' 2>&1)"}:#* is none of: *}##* is none of: })
        compadd -- ${values%,}
        ;;
    esac
}

_twtrace "$@"
