#include "cli/option_table.h"

#include <array>

#include <fmt/format.h>

#include "cli/values.h"
#include "util/text.h"

namespace twtrace {

namespace {

using O = Options&;
using V = const std::string&;
using R = Result<void>;

// Stores a parsed value in its option, or returns its error.
template <typename Parsed, typename Target>
R store(Parsed parsed, Target& target) {
    if (!parsed)
        return tl::unexpected(parsed.error());
    target = *std::move(parsed);
    return {};
}

template <typename Choice>
struct Named {
    std::string_view name;
    Choice value;
};

template <typename Choice, std::size_t size>
R choose(V text, const std::array<Named<Choice>, size>& choices, Choice& target) {
    std::string names;
    for (const auto& choice : choices) {
        if (choice.name == text) {
            target = choice.value;
            return {};
        }
        names += names.empty() ? "" : ", ";
        names += choice.name;
    }
    return fail(fmt::format("'{}' is none of: {}", printable(text), names), ExitCode::Usage);
}

// A path: any non-empty text.
Result<std::string> parse_path(V text) {
    return text.empty() ? fail("is empty", ExitCode::Usage) : Result<std::string>(text);
}

// Repeated lists are concatenated.
R add_pids(O options, V text) {
    const auto pids = parse_pids(text);
    if (!pids)
        return tl::unexpected(pids.error());
    auto& all = options.filter.pids;
    all.insert(all.end(), pids->begin(), pids->end());
    if (all.size() > 1024)
        return fail("more than 1024 process ids; filter by -c or --cgroup instead",
                    ExitCode::Usage);
    return {};
}

R add_ports(PortSet& all, V text) {
    const auto ports = parse_ports(text);
    if (!ports)
        return tl::unexpected(ports.error());
    all.insert(*ports);
    return {};
}

R add_netns(O options, V text) {
    const auto inode = parse_netns(text);
    if (!inode)
        return tl::unexpected(inode.error());
    if (options.filter.netns.size() == std::size(twtrace_config{}.netns))
        return fail("more than 16 network namespaces; omit the option to see all", ExitCode::Usage);
    options.filter.netns.push_back(*inode);
    return {};
}

template <typename Parsed, typename Target>
R add(Parsed parsed, std::vector<Target>& targets) {
    if (!parsed)
        return tl::unexpected(parsed.error());
    targets.push_back(*std::move(parsed));
    return {};
}

R add_cidr(std::vector<Cidr>& all, V text) {
    if (all.size() == TWTRACE_CIDRS)
        return fail("more than 64 address ranges; give larger ones", ExitCode::Usage);
    return add(parse_cidr(text), all);
}

R set_family(O options, std::uint8_t family) {
    // -4 and -6 together select both families, as for ss.
    options.filter.family =
        options.filter.family == 0 || options.filter.family == family ? family : std::uint8_t{0};
    return {};
}

constexpr std::array formats{Named<Format>{"table", Format::Table},
                             Named<Format>{"json", Format::Json},
                             Named<Format>{"csv", Format::Csv}};
constexpr std::array roles{Named<Role>{"client", Role::Client},
                           Named<Role>{"server", Role::Server}};
constexpr std::array groupings{
    Named<GroupBy>{"process", GroupBy::Process},   Named<GroupBy>{"peer", GroupBy::Peer},
    Named<GroupBy>{"listener", GroupBy::Listener}, Named<GroupBy>{"netns", GroupBy::Netns},
    Named<GroupBy>{"service", GroupBy::Service},   Named<GroupBy>{"container", GroupBy::Container}};

// clang-format would lay out a table of this length as a column at the right margin.
// clang-format off
constexpr auto options_rows = std::to_array<OptionRow>({
    {"-p,--pid", "PID,..", "only these processes", in_every, add_pids},
    {"-c,--comm", "COMM", "only processes, or threads, of this name", in_every,
     [](O o, V v) { return store(parse_comm(v), o.filter.comm); }},
    {"-L,--local-port", "PORTS", "only these ports of the side that closes: 80,443,8000-8100",
     in_every, [](O o, V v) { return add_ports(o.filter.local_ports, v); }},
    {"-D,--remote-port", "PORTS", "only these ports of the remote peer", in_every,
     [](O o, V v) { return add_ports(o.filter.remote_ports, v); }},
    {"-4,--ipv4", "", "only IPv4 (v4-mapped addresses are IPv4)", in_every,
     [](O o, V) { return set_family(o, 4); }},
    {"-6,--ipv6", "", "only IPv6", in_every, [](O o, V) { return set_family(o, 6); }},
    {"--netns", "INODE|PATH", "only this network namespace; may be repeated", in_every, add_netns},
    {"--peer", "CIDR", "only remote peers in this range, or this address; may be repeated",
     in_every, [](O o, V v) { return add_cidr(o.filter.remote_cidrs, v); }},
    {"--local", "CIDR", "only local addresses in this range, or this one; may be repeated",
     in_every, [](O o, V v) { return add_cidr(o.filter.local_cidrs, v); }},
    {"--role", "ROLE", "only the side that connected (client) or the one that accepted (server)",
     in_every, [](O o, V v) { return choose(v, roles, o.filter.role); }},
    {"--unit", "NAME", "only this systemd unit (or pattern such as 'php*'); may be repeated",
     in_every, [](O o, V v) { return add(parse_unit(v), o.filter.units); }},
    {"--container", "NAME|ID", "only containers with this name (or pattern) or id prefix; may be repeated",
     in_every, [](O o, V v) { return add(parse_container(v), o.filter.containers); }},
    {"--pod", "NAMESPACE/NAME", "only this pod, or the pods of this workload (or patterns); may be repeated", in_every,
     [](O o, V v) { return add(parse_pod(v), o.filter.pods); }},
    {"--namespace", "NS", "only pods of this Kubernetes namespace (or pattern); may be repeated", in_every,
     [](O o, V v) { return add(parse_pod_namespace(v), o.filter.pod_namespaces); }},
    {"--root", "DIR", "directory of the host's root, to read container runtimes' files (default /)", in_every,
     [](O o, V v) { return store(parse_path(v), o.root); }},
    {"--cgroup", "PATH", "only this cgroup and those below it; may be repeated", in_every,
     [](O o, V v) { return add(parse_cgroup(v), o.filter.cgroups); }},
    {"--from", "FILE|DIR", "read this recording instead of this host; needs no privileges",
     in_replay, [](O o, V v) { return store(parse_path(v), o.from); }},
    {"--begin", "TIME", "start of the span: 03:12, '2026-11-28 03:12', RFC 3339, or -15m before its end",
     in_replay & ~in_list, [](O o, V v) { return store(parse_path(v), o.begin); }},
    {"--end", "TIME", "end of the span", in_replay & ~in_list,
     [](O o, V v) { return store(parse_path(v), o.end); }},
    {"--at", "TIME", "with --from: the sockets that existed then (default: at its end)", in_list,
     [](O o, V v) { return store(parse_path(v), o.at); }},
    {"-d,--duration", "SECONDS", "stop after this time", in_live,
     [](O o, V v) { return store(parse_seconds(v), o.duration); }},
    {"-i,--interval", "SECONDS",
     "top: time between refreshes (default 1); summary: a document for each interval; exporter: "
     "time between writes of --textfile (default 15)",
     in_top | in_summary | in_exporter,
     [](O o, V v) { return store(parse_seconds(v), o.interval); }},
    {"-n,--count", "COUNT", "stop after this many lines or refreshes", in_trace | in_list | in_top,
     [](O o, V v) { return store(parse_number(v, 1, ~std::uint64_t{0}), o.count); }},
    {"-a,--all", "", "also passive closes and closes that ended in a reset", in_trace,
     [](O o, V) {
         o.all = true;
         return R{};
     }},
    {"-g,--group", "BY", "group by process, service, container, peer, listener or netns",
     in_summary | in_top, [](O o, V v) { return choose(v, groupings, o.group_by); }},
    {"-o,--output", "FILE|DIR", "write to this new file, or to this directory, whose size is bounded",
     in_record, [](O o, V v) { return store(parse_path(v), o.recording); }},
    {"--max-size", "SIZE", "maximum size of the directory (default 1G); the oldest files are removed", in_record,
     [](O o, V v) { return store(parse_size(v), o.max_size_bytes); }},
    {"--max-age", "TIME", "remove files of the directory that are older than this: 12h, 7d", in_record,
     [](O o, V v) { return store(parse_age_s(v), o.max_age_s); }},
    {"-o,--output", "FILE", "write the page to this file", in_report,
     [](O o, V v) { return store(parse_path(v), o.page); }},
    {"-o,--output", "FORMAT", "table, json or csv", in_every & ~in_top & ~in_record & ~in_report,
     [](O o, V v) { return choose(v, formats, o.format); }},
    {"-w,--wide", "", "all fields, and lines of any length", in_every & ~in_top & ~in_record & ~in_diff & ~in_report,
     [](O o, V) {
         o.wide = true;
         return R{};
     }},
    {"-r,--resolve", "", "show names of remote addresses, from /etc/hosts and DNS",
     in_trace | in_summary | in_top,
     [](O o, V) {
         o.resolve = true;
         return R{};
     }},
    {"--cmdline", "", "-w, and the arguments of processes, which may contain secrets",
     in_trace | in_summary | in_record,
     [](O o, V) {
         o.wide = true;
         o.cmdline = true;
         return R{};
     }},
    {"--ring", "SIZE", "size of the ring buffer, a power of two (default 2M)", in_live,
     [](O o, V v) { return store(parse_ring_bytes(v), o.ring_bytes); }},
    {"--journal", "",
     "keep the closers of the last two minutes in /run/twtrace, for `list`", in_live,
     [](O o, V) {
         o.journal = true;
         return R{};
     }},
    {"--ends", "",
     "report how each TIME_WAIT ends (expired, reused, reset), and how many exist; needs fentry",
     in_trace | in_summary | in_record,
     [](O o, V) {
         o.ends = true;
         return R{};
     }},
    {"--fail-if", "EXPRESSION",
     "exit with status 4 if true: 'time_wait > 100', 'rate{peer=10.0.0.5:80} > 5'; may be repeated",
     in_summary, [](O o, V v) { return add(parse_budget(v), o.budgets); }},
    {"--junit", "FILE", "write the verdict of each --fail-if as JUnit XML", in_summary,
     [](O o, V v) { return store(parse_path(v), o.junit_file); }},
    {"--pool", "COUNT", "a pool with this many idle connections, instead of the best number",
     in_what_if, [](O o, V v) { return store(parse_number(v, 1, 1'000'000), o.pool); }},
    {"--idle", "SECONDS", "a pool that keeps idle connections for this long (default 60)", in_what_if,
     [](O o, V v) { return store(parse_number(v, 1, 86'400), o.idle_s); }},
    {"--output-file", "FILE", "write to this file instead of standard output",
     in_child & ~in_record,
     [](O o, V v) { return store(parse_path(v), o.output_file); }},
    {"--host,--probe", "", "do not trace; report what twtrace can do on this host", in_doctor,
     [](O o, V) {
         o.host = true;
         return R{};
     }},
    {"--listen", "ADDR:PORT", "serve metrics at this address (default 127.0.0.1:10660)", in_exporter,
     [](O o, V v) { return store(parse_socket_address(v), o.listen); }},
    {"--auth-file", "FILE", "require one of the user:password lines of this file", in_exporter,
     [](O o, V v) { return store(parse_path(v), o.auth_file); }},
    {"--textfile", "FILE", "write the metrics for node_exporter's textfile collector", in_exporter,
     [](O o, V v) { return store(parse_path(v), o.textfile); }},
    {"--series", "COUNT", "services, peers and namespaces with their own series (default 100)",
     in_exporter, [](O o, V v) { return store(parse_number(v, 1, 10'000), o.series); }},
    {"-v,--verbose", "", "log progress to standard error", in_every,
     [](O o, V) {
         o.verbose = true;
         return R{};
     }},
});

// clang-format on
constexpr auto command_rows = std::to_array<CommandRow>({
    {Command::Top, "top",
     "live full-screen view: who closes towards which peer, how fast, with what risk"},
    {Command::Trace, "trace", "one line for each entry into TIME_WAIT, as it happens"},
    {Command::Summary, "summary", "one document when the time is up or on Ctrl-C"},
    {Command::List, "list", "the time-wait sockets that exist now, each with its owner if known"},
    {Command::Doctor, "doctor", "what is wrong with this host's connections, and the fix"},
    {Command::WhatIf, "what-if", "what each remedy would change on this host, in numbers"},
    {Command::Report, "report", "one self-contained HTML page to share"},
    {Command::Exporter, "exporter", "metrics for Prometheus, until interrupted"},
    {Command::Record, "record", "record events in a file, or in a directory of bounded size"},
    {Command::Diff, "diff", "compare two recordings, or two spans: FILE[@BEGIN..END]"},
});

} // namespace

std::span<const OptionRow> option_table() {
    return options_rows;
}

std::span<const CommandRow> command_table() {
    return command_rows;
}

} // namespace twtrace
