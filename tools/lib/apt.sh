# shellcheck shell=bash
# shellcheck disable=SC2154  # the sourcing script sets cache and arch
# Downloads Debian packages of any suite and architecture without installing them. apt uses a separate state directory
# below $cache, so the host's lists, packages and architectures are unchanged. To be sourced; needs $cache and $arch.

# Mirror and keyring are the host's: its first `main` archive, with the name of the suite.
mirror() {
    # shellcheck disable=SC2016  # $(..) is apt's own format language
    apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian|main|//p' | awk 'NR == 1'
}

# apt's options for the state directory of a suite, in `apt_opts`.
apt_suite() {
    local suite=$1 dir=$cache/apt/$1 uri
    apt_opts=(-q -o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists" -o "Dir::State::status=$dir/status"
        -o "Dir::Cache=$dir/cache" -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null -o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
        -o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
        -o APT::Update::Post-Invoke-Success=)
    [[ -s $dir/sources.list ]] && return
    uri=$(mirror)
    [[ -n $uri ]] || die "no Debian archive in this machine's apt configuration (apt-get update first?)"
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$uri" "$suite" \
        >"$dir/sources.list"
}

# Once per invocation and suite. The details of an error are in update.log.
declare -A refreshed=()
refresh() {
    local suite=$1
    apt_suite "$suite"
    [[ -z ${refreshed[$suite]-} ]] || return "${refreshed[$suite]}"
    refreshed[$suite]=0
    # Without --error-on=any, apt-get update exits with 0 if a list cannot be downloaded.
    apt-get "${apt_opts[@]}" update -qq --error-on=any >"$cache/apt/$suite/update.log" 2>&1 </dev/null ||
        refreshed[$suite]=1
    return "${refreshed[$suite]}"
}
