# shellcheck shell=bash
# Runs the matrix and turns the guests' reports into tables. Sourced by tools/kernels.

# verdict by "SERIES NAME": PASS, FAIL or SKIP; reason likewise. fact by "SERIES WHAT"; asked has the facts of each
# script, one in each line.
declare -A verdict=() reason=() fact=() asked=()

run_matrix() {
    local kind=$1 build=$2 fast=$3 limit=$4 write=$5 series image began red=0
    need_for_arch
    need cpio=cpio gzip=gzip flock=util-linux
    [[ $kind == facts || -x $build/twtrace ]] || die "no $build/twtrace: $(how_to_build), or use --build DIR"
    [[ $kind == facts ]] && need clang=clang gcc=gcc make=make bpftool=bpftool
    # Two guests at a time would slow each other down beyond their limits.
    mkdir -p "$caches/twtrace-kernels"
    exec 9>"$caches/twtrace-kernels/lock"
    flock -n 9 || { say "waiting for another tools/kernels"; flock 9; }
    work=$(mktemp -d "$cache/run.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    pack_programs "$kind" "$work/programs" "$build" "${wanted[@]}"
    for series in "${chosen[@]}"; do
        pack_modules "$series" "$work/modules"
        image=$work/image
        cat "$work/programs" "$work/modules" >"$image"
        began=$SECONDS
        boot "$series" "$image" "$cache/logs/$kind/$series" "$fast" "$limit"
        collect "$series" "$cache/logs/$kind/$series"
        progress "$series" $((SECONDS - began)) || red=1
    done
    "table_of_$kind" | tee "$work/table"
    [[ $write -eq 0 ]] || write_docs "$kind" "$work/table"
    return "$red"
}

collect() {
    local series=$1 logs=$2 mark what rest name pending=()
    [[ -r $logs/report.log ]] || : >"$logs/report.log"
    while read -r mark what rest; do
        [[ $mark == @@ ]] || continue
        case $what in
            scenario)
                name=${rest%% *} rest=${rest#* }
                verdict["$series $name"]=${rest%% *}
                [[ $rest != *' '?* ]] || reason["$series $name"]=${rest#* }
                remember_questions "$name" "${pending[@]}"
                pending=()
                ;;
            fact)
                pending+=("${rest%% = *}")
                fact["$series ${rest%% = *}"]=${rest#* = }
                ;;
        esac
    done < <(tr -d '\r' <"$logs/report.log")
    for name in "${wanted[@]}"; do
        [[ ${verdict["$series $name"]-} =~ ^(PASS|FAIL|SKIP)$ ]] && continue
        verdict["$series $name"]=FAIL
        reason["$series $name"]=$(last_words "$logs")
    done
    # A BUG, oops or panic of the kernel is a failure even if all scenarios pass.
    if grep -aqE 'BUG:|Oops|Kernel panic' "$logs/console.log"; then
        verdict["$series ${wanted[-1]}"]=FAIL
        reason["$series ${wanted[-1]}"]=$(last_words "$logs")
    fi
}

# Keeps the facts of all kernels, because a probe may stop early on one of them.
remember_questions() {
    local script=$1 question
    shift
    for question in "$@"; do
        grep -qFx -- "$question" <<<"${asked[$script]-}" || asked[$script]+=$question$'\n'
    done
}

# Prints one line on stderr when a kernel is done; false if a scenario failed.
progress() {
    local series=$1 seconds=$2 name red=()
    for name in "${wanted[@]}"; do
        [[ ${verdict["$series $name"]} != FAIL ]] || red+=("$name")
    done
    if [[ ${#red[@]} -eq 0 ]]; then
        say "$series: done in $seconds s"
    else
        say "$series: failed: ${red[*]} ($seconds s; $cache/logs/$kind/$series/console.log)"
        return 1
    fi
}

row() { printf '| %s' "$1"; shift; printf ' | %s' "$@"; printf ' |\n'; }
rule() { printf '|---'; shift; printf '|---%.0s' "$@"; printf '|\n'; }

table_of_scenarios() {
    local series name cells word
    row kernel "${wanted[@]}"
    rule kernel "${wanted[@]}"
    for series in "${chosen[@]}"; do
        cells=()
        for name in "${wanted[@]}"; do
            word=${verdict["$series $name"],,}
            cells+=("${word/fail/**FAIL**}")
        done
        row "$(cat "$cache/kernels/$series/release")" "${cells[@]}"
    done
    echo
    explain
}

# A line for each scenario that did not pass and each reason, with its kernels.
explain() {
    local name series why
    for name in "${wanted[@]}"; do
        for series in "${chosen[@]}"; do
            [[ ${verdict["$series $name"]} != PASS ]] || continue
            why="${verdict["$series $name"],,}, ${reason["$series $name"]:-no reason given}"
            printf '%s\t%s\t%s\n' "$name" "$series" "$why"
        done
    done | awk -F '\t' '
        { key = $1 FS $3; if (!(key in on)) order[++n] = key; on[key] = on[key] (on[key] ? ", " : "") $2 }
        END { for (i = 1; i <= n; i++) { split(order[i], part, FS); print "* " part[1] " on " on[order[i]] ": " part[2] } }'
}

# A table for each script, with the first line of the script as its title.
table_of_facts() {
    local script series question cells
    for script in "${wanted[@]}"; do
        printf '%s\n\n' "$(sed -n '1s/^# //p' "$root/tests/kernels/facts"/[0-9]*-"$script".sh)"
        row '' "${chosen[@]}"
        rule '' "${chosen[@]}"
        while read -r question; do
            cells=()
            for series in "${chosen[@]}"; do
                cells+=("${fact["$series $question"]:-?}")
            done
            row "$question" "${cells[@]}"
        done <<<"${asked[$script]%$'\n'}"
        echo
    done
}

# Replaces the text between the two markers of this kind and architecture.
write_docs() {
    local kind=$1 table=$2 docs=$root/docs/kernels.md
    [[ $arch == amd64 ]] || kind+=-$arch
    grep -q "^<!-- $kind:begin" "$docs" || die "$docs has no $kind markers"
    sed -i -e "/^<!-- $kind:begin/r $table" -e "/^<!-- $kind:begin/,/^<!-- $kind:end/{/^<!-- $kind/!d}" "$docs"
    say "written: docs/kernels.md"
}
