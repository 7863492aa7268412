#include "app/host_reading.h"

#include <algorithm>

#include <fmt/format.h>

#include "account/namespace_watch.h"
#include "account/namespaces.h"
#include "account/net_files.h"
#include "attribute/netns_names.h"
#include "model/timestamp.h"
#include "source/enter_namespace.h"
#include "util/counter.h"

namespace twtrace::doctor {

namespace {

// If the sockets are fewer than this part of the usable ports, no destination can run out of ports,
// and the dump, which walks the table of all namespaces, is skipped.
constexpr std::uint32_t dump_threshold_divisor = 100;
constexpr std::size_t destinations_kept = 32;

// The prefix for a command that has to run in the namespace that this file leads into.
std::string enter_command(std::uint32_t inode, const std::string& path) {
    if (inode == current_namespace())
        return {};
    constexpr std::string_view proc = "/proc/";
    constexpr std::string_view named = "/run/netns/";
    if (path.starts_with(proc))
        return fmt::format("nsenter -t {} -n ",
                           path.substr(proc.size(), path.find('/', proc.size()) - proc.size()));
    const std::string name = path.starts_with(named) ? path.substr(named.size()) : "";
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
    if (plain)
        return fmt::format("ip netns exec {} ", name);
    std::string quoted;
    for (const char c : path)
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return fmt::format("nsenter --net='{}' ", quoted);
}

std::map<std::uint32_t, std::uint64_t> overflows(const std::vector<std::uint32_t>& chosen) {
    std::map<std::uint32_t, std::uint64_t> counts;
    for (const auto& [inode, path] : find_namespace_files()) {
        if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), inode) == chosen.end())
            continue;
        const auto files = NetFiles::open({inode, path}, CountedAt::Schedule);
        if (const auto counters = files ? files->read() : std::nullopt)
            counts[inode] = counters->tw_overflow;
    }
    return counts;
}

std::vector<std::uint16_t> list_of(const PortSet& ports) {
    std::vector<std::uint16_t> list;
    for (std::uint32_t port = 1; port <= 65535; ++port)
        if (ports.contains(static_cast<std::uint16_t>(port)))
            list.push_back(static_cast<std::uint16_t>(port));
    return list;
}

} // namespace

Result<std::vector<OpenNamespace>> HostReading::open() {
    if (!filter_.netns.empty() || may_enter_namespaces())
        return open_namespaces(filter_.netns);
    return open_namespaces({current_namespace()});
}

Result<void> HostReading::count_in(OpenNamespace& space, Counted& counted,
                                   LeftoverCount* leftovers) const {
    const std::uint32_t usable = space.settings.usable_ports();
    const bool many = !counted.counts || counted.counts->inuse + counted.counts->time_wait >=
                                             std::max(usable / dump_threshold_divisor, 1U);
    const bool left_over =
        leftovers != nullptr && (!counted.counts || counted.counts->time_wait > 0);
    counted.listeners_known = true;
    if (space.is_empty())
        return {};
    // The dump of listeners alone skips the table of all other sockets.
    auto listed = space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& listener) {
        counted.listeners.insert(listener.local_port);
        return true;
    });
    if (!listed || (!many && !left_over))
        return listed;
    if (many)
        counted.ports =
            std::make_unique<PortCounter>(counted.settings, counted.listeners, monotonic_now_ns());
    return space.sockets.dump(
        every_tcp_state & ~mask_of(TcpState::Listen), [&](const TcpSocket& socket) {
            if (leftovers != nullptr)
                leftovers->add(socket, space.inode);
            if (!counted.ports)
                return true;
            if ((filter_.family == 0 || socket.local.family == filter_.family) &&
                (!filter_.remote_ports.any || filter_.remote_ports.contains(socket.remote_port)))
                counted.ports->add(socket);
            return true;
        });
}

Result<HostReading::All> HostReading::count(LeftoverCount* leftovers) {
    auto spaces = open();
    if (!spaces)
        return tl::unexpected(spaces.error());
    All all;
    for (OpenNamespace& space : *spaces) {
        auto counted = std::make_unique<Counted>();
        counted->settings = space.settings;
        counted->counts = space.counts;
        counted->conntrack = space.conntrack;
        if (auto done = count_in(space, *counted, leftovers); !done)
            return tl::unexpected(done.error());
        all.emplace(space.inode, std::move(counted));
    }
    return all;
}

Result<void> HostReading::begin() {
    auto counted = count(nullptr);
    if (!counted)
        return tl::unexpected(counted.error());
    before_ = *std::move(counted);
    counted_ns_ = monotonic_now_ns();
    overflow_before_ = overflows(filter_.netns);
    return {};
}

void HostReading::fill(std::uint32_t netns, const Counted& counted, const Observations& seen,
                       NamespaceFacts& facts) const {
    facts.settings = counted.settings;
    facts.counts = counted.counts;
    facts.listeners = list_of(counted.listeners);
    facts.listeners_known = counted.listeners_known;
    facts.conntrack = counted.conntrack;
    const auto found = before_.find(netns);
    if (found != before_.end()) {
        const Conntrack& then = found->second->conntrack;
        facts.conntrack_failed = rise(counted.conntrack.insert_failed, then.insert_failed);
        facts.conntrack_dropped = rise(counted.conntrack.dropped, then.dropped);
    }
    facts.ports_counted = counted.ports != nullptr;
    if (!counted.ports)
        return;
    const auto last_failure = [&](const PortUse& use) {
        std::uint64_t last_ns = 0;
        for (const Flow& flow : seen.flows)
            if (flow.no_port > 0 && flow.netns == netns && flow.port == use.port &&
                flow.remote == use.remote && flow.local == use.local)
                last_ns = std::max(last_ns, flow.last_no_port_ns);
        return last_ns;
    };
    facts.ports = counted.ports->most_used(
        destinations_kept, found == before_.end() ? nullptr : found->second->ports.get(),
        last_failure);
    facts.destinations = counted.ports->destinations();
    facts.addresses = counted.ports->most_used_addresses(destinations_kept);
}

void HostReading::end(Observations& seen, bool leftovers) {
    std::optional<LeftoverCount> older;
    if (leftovers)
        older.emplace((monotonic_now_ns() - counted_ns_) / 1'000'000);
    auto counted = count(older ? &*older : nullptr);
    if (!counted) { // a chosen namespace has ended: earlier observations still count
        notes_.push_back("ports and settings at the end: " + counted.error().message);
        counted = All{};
    } else if (older) {
        seen.leftovers = older->count();
    }
    seen.between_counts_s = static_cast<double>(monotonic_now_ns() - counted_ns_) / 1e9;
    const auto overflow = overflows(filter_.netns);
    NetnsNames names;
    NamespaceWatch watch(filter_.netns);
    watch.find();
    watch.count();
    const auto files = find_namespace_files();
    for (const auto& [inode, view] : watch.views()) {
        const auto file = files.find(inode);
        if (file == files.end()) // ended meanwhile: no command can run there
            continue;
        NamespaceFacts& facts = seen.namespaces[inode];
        facts.name = names.table_name(inode);
        facts.enter = enter_command(inode, file->second);
        facts.counts = view.counts;
        facts.settings = view.settings;
        if (const auto found = counted->find(inode); found != counted->end())
            fill(inode, *found->second, seen, facts);
        const auto now = overflow.find(inode);
        const auto before = overflow_before_.find(inode);
        if (now != overflow.end())
            facts.overflow_rise =
                rise(now->second, before == overflow_before_.end() ? 0 : before->second);
    }
    const auto unknown = std::count_if(seen.namespaces.begin(), seen.namespaces.end(),
                                       [](const auto& one) { return !one.second.settings; });
    if (unknown > 0)
        notes_.push_back(fmt::format("{} other network namespaces: neither their settings nor "
                                     "their ports could be read; run twtrace with sudo "
                                     "(CAP_SYS_ADMIN)",
                                     unknown));
    for (const auto& [inode, one] : *counted)
        if (one->ports && one->ports->beyond() > 0)
            notes_.push_back(fmt::format("{} sockets of network namespace {} beyond the first "
                                         "100,000 destinations were not counted",
                                         one->ports->beyond(), inode));
    leave_out_others(seen);
}

// If only some processes are of interest, removes namespaces and ports that they do not use.
void HostReading::leave_out_others(Observations& seen) const {
    if (filter_.pids.empty() && filter_.comm.empty())
        return;
    std::erase_if(seen.namespaces, [&](const auto& one) {
        return std::none_of(seen.flows.begin(), seen.flows.end(),
                            [&](const Flow& flow) { return flow.netns == one.first; });
    });
    for (auto& [inode, facts] : seen.namespaces)
        std::erase_if(facts.ports, [&](const PortUse& use) {
            return std::none_of(seen.flows.begin(), seen.flows.end(), [&](const Flow& flow) {
                return flow.remote == use.remote && flow.port == use.port;
            });
        });
}

} // namespace twtrace::doctor
