# Completion for fish. All completions come from the installed twtrace: from --help, and from its error message for an empty
# value.

function __twtrace_program
    set -l words (commandline -opc)
    echo $words[1]
end

# The command on the line, or nothing.
function __twtrace_command
    set -l commands (__twtrace_rows commands | string replace -r '\t.*' '')
    for word in (commandline -opc)[2..-1]
        if contains -- $word $commands
            echo $word
            return
        end
    end
end

# __twtrace_rows commands|options [COMMAND]: "name<TAB>description"
function __twtrace_rows
    set -l program (__twtrace_program)
    $program $argv[2..-1] --help 2>/dev/null | awk -v wanted=$argv[1] '
        /^Subcommands:/ { section = "commands"; next }
        /^Options:/ { section = "options"; next }
        section == wanted && NF {
            count = split($1, names, ",")
            text = $0
            sub(/^ *[^ ]+ +/, "", text)
            if (wanted == "options" && text ~ /^[A-Z][A-Z|:,.]+ /) sub(/^[^ ]+ +/, "", text)
            for (i = 1; i <= count; i++) print names[i] "\t" text
        }'
end

# The kind of value of the option before the cursor: "FILE", "PATH"; nothing if it is a flag or not an option.
function __twtrace_takes
    set -l words (commandline -opc)
    set -l program (__twtrace_program)
    $program (__twtrace_command) --help 2>/dev/null | awk -v option=$words[-1] '
        $1 ~ /^-/ && $2 ~ /^[A-Z][A-Z|:,.]+$/ {
            count = split($1, names, ",")
            for (i = 1; i <= count; i++) if (names[i] == option) print $2
        }'
end

function __twtrace_offer
    set -l words (commandline -opc)
    set -l program (__twtrace_program)
    set -l command (__twtrace_command)
    if set -l own (contains -i -- -- $words) # a command of its own, with its own completion
        complete -C (string join ' ' -- (string escape -- $words[(math $own + 1)..-1]) (commandline -ct))
        return
    end
    switch (__twtrace_takes)
        case '*FILE*' '*PATH*' '*DIR*'
            __fish_complete_path (commandline -ct)
        case ''
            test -n "$command"; or __twtrace_rows commands
            __twtrace_rows options $command
        case '*'
            $program $command $words[-1] '' 2>&1 | string replace -rf '.* is none of: ' '' | string split ', '
    end
end

complete -c twtrace -f -a '(__twtrace_offer)'
