#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "aggregate/group.h"
#include "model/timestamp.h"
#include "sink/summary_fields.h"
#include "top/view.h"

namespace twtrace {

namespace {

void section(std::vector<Line>& page, std::string_view title) {
    page.push_back({});
    page.push_back({{std::string(title), Style::Title}});
}

std::string percent_of(std::uint64_t part, std::uint64_t all) {
    return fmt::format("{:.1f} %",
                       all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all) * 100);
}

std::string common_value(const FlowGroup& group, std::string Flow::*member) {
    const std::string& first = group.flows.front()->*member;
    for (const Flow* flow : group.flows)
        if (flow->*member != first)
            return "several";
    return first.empty() ? "-" : first;
}

std::string container_of(const FlowGroup& group) {
    const std::string id = common_value(group, &Flow::container);
    const std::string name = common_value(group, &Flow::container_name);
    return name == "-" || name == id ? id : fmt::format("{} ({})", name, id);
}

std::string netns_of(const FlowGroup& group, const Picture& picture) {
    const std::uint32_t inode = group.flows.front()->key.netns;
    for (const Flow* flow : group.flows)
        if (flow->key.netns != inode)
            return "several";
    for (const NamespaceLine& line : picture.around.namespaces)
        if (line.inode == inode && line.name != std::to_string(inode))
            return fmt::format("{} ({})", line.name, inode);
    return std::to_string(inode);
}

void add_summary(std::vector<Line>& page, const FlowGroup& group, const Picture& picture,
                 Glyphs glyphs) {
    const auto line = [&](const std::string& text) { page.push_back({{clean(text, glyphs)}}); };
    page.push_back({{clean(title_of(group, picture), glyphs), Style::Bold}});
    line(fmt::format("unit {}, container {}, network namespace {}",
                     common_value(group, &Flow::unit), container_of(group),
                     netns_of(group, picture)));
    line(fmt::format("{} entries/s, {} in the last minute, {} TIME_WAIT now (estimated)",
                     short_number(group.rate), grouped(static_cast<double>(group.entries)),
                     grouped(group.present)));
    if (group.no_port > 0)
        page.push_back({{fmt::format("{} connect() calls found no free port in the last minute",
                                     group.no_port),
                         Style::Bad}});
}

void add_how(std::vector<Line>& page, const FlowGroup& group, Glyphs glyphs) {
    std::uint64_t total = 0;
    std::uint64_t fin_wait2 = 0;
    std::array<std::uint64_t, TWTRACE_HOWS> how{};
    for (const Flow* flow : group.flows) {
        total += flow->total;
        fin_wait2 += flow->fin_wait2;
        for (std::size_t at = 0; at < how.size(); ++at)
            how[at] += flow->how[at];
    }
    constexpr std::array names{
        std::pair{TWTRACE_HOW_CLOSE, "close()"}, std::pair{TWTRACE_HOW_SHUTDOWN, "shutdown()"},
        std::pair{TWTRACE_HOW_EXIT, "the process's exit"},
        std::pair{TWTRACE_HOW_KERNEL, "the kernel"}, std::pair{TWTRACE_HOW_UNKNOWN, "not known"}};
    std::string text;
    for (const auto& [number, name] : names)
        if (how[number] > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                                percent_of(how[number], total));
    if (fin_wait2 > 0)
        text += fmt::format("; {} began in FIN_WAIT2, the peer had not closed",
                            percent_of(fin_wait2, total));
    section(page, "CLOSED BY");
    page.push_back({{clean(text.empty() ? "-" : text, glyphs)}});
}

void add_minute(std::vector<Line>& page, const FlowGroup& group, const Picture& picture, Size size,
                Glyphs glyphs) {
    const std::size_t parts = size.columns > 60 ? 60 : size.columns > 30 ? 30 : 10;
    const auto values = minute_of(group, picture, parts);
    section(page, fmt::format("LAST MINUTE (at most {} entries/s)",
                              short_number(*std::max_element(values.begin(), values.end()))));
    page.push_back({{sparkline(values, glyphs)}});
}

struct PeerSums {
    const Flow* flow = nullptr; // one of its flows
    double rate = 0;
    std::uint64_t entries = 0;
    std::uint64_t no_port = 0;
    const Destination* destination = nullptr;
};

using Peers = std::vector<PeerSums>; // busiest first

Peers peers_of(const FlowGroup& group, const Picture& picture) {
    std::unordered_map<PeerKey, PeerSums, PeerKeyHash> peers;
    for (const Flow* flow : group.flows) {
        const FlowKey& key = flow->key;
        PeerSums& sums = peers[{key.remote, key.service_port, key.role == Role::Client}];
        sums.flow = flow;
        sums.rate += flow->rate(picture.covered_s);
        sums.entries += flow->in_minute;
        sums.no_port += flow->no_port_in_minute;
        const Destination* one = picture.destinations->find(key);
        if (one != nullptr && one->use &&
            (sums.destination == nullptr || *sums.destination->use < *one->use))
            sums.destination = one;
    }
    Peers sorted;
    sorted.reserve(peers.size());
    for (const auto& [key, sums] : peers)
        sorted.push_back(sums);
    std::sort(sorted.begin(), sorted.end(), [](const PeerSums& a, const PeerSums& b) {
        return std::make_tuple(b.entries + b.no_port, a.flow->key.remote,
                               a.flow->key.service_port) <
               std::make_tuple(a.entries + a.no_port, b.flow->key.remote, b.flow->key.service_port);
    });
    return sorted;
}

Line peer_line(const PeerSums& sums, Glyphs glyphs) {
    const Destination* one = sums.destination;
    std::string text = fmt::format("{:>8} {:>8} {:>8} {:>8} {}", short_number(sums.rate),
                                   short_count(static_cast<double>(sums.entries)),
                                   one != nullptr ? fmt::format("{:.1f}%", *one->use * 100) : "-",
                                   sums.no_port, clean(peer_of(*sums.flow), glyphs));
    if (one != nullptr && one->used_up_in_s)
        text += *one->used_up_in_s > 0
                    ? fmt::format(" (used up in {})", short_time(*one->used_up_in_s))
                    : std::string(" (all taken)");
    else if (one != nullptr && one->reused && *one->use >= 0.5)
        text += " (reusable: tcp_tw_reuse)";
    return {{text, sums.no_port > 0 ? Style::Bad : Style::Plain}};
}

void add_peers(std::vector<Line>& page, const Peers& peers, std::size_t from, std::size_t to,
               Glyphs glyphs) {
    if (from >= peers.size())
        return;
    section(page, from == 0 ? "  RATE/s LAST MIN PORT-USE  NO-PORT PEER" : "MORE PEERS");
    for (std::size_t at = from; at < std::min(to, peers.size()); ++at)
        page.push_back(peer_line(peers[at], glyphs));
    if (to < peers.size())
        page.push_back({{fmt::format("{:>37}({} more)", "", peers.size() - to), Style::Dim}});
}

void add_lifetimes(std::vector<Line>& page, const FlowGroup& group, Size size, Glyphs glyphs) {
    const LifetimeSums sums = lifetimes_of(group);
    std::map<int, std::uint64_t> decades; // 0: below 100 us
    std::uint64_t all = 0;
    for (std::size_t at = 0; at < sums.size(); ++at) {
        if (sums[at] == 0)
            continue;
        const auto us = static_cast<double>(Histogram::upper_end(at));
        decades[std::max(0, static_cast<int>(std::log10(std::max(1.0, us))) - 1)] += sums[at];
        all += sums[at];
    }
    section(page, "LIFETIME of recent connections, ESTABLISHED to the close");
    if (all == 0) {
        page.push_back({{"not known: they began before the trace", Style::Dim}});
        return;
    }
    constexpr std::array names{"  < 100us", "  < 1ms",  "  < 10ms",  "  < 100ms", "  < 1s",
                               "  < 10s",   "  < 100s", "  < 17min", "  longer"};
    const int last = std::min(decades.rbegin()->first, static_cast<int>(names.size()) - 1);
    for (int decade = decades.begin()->first; decade <= last; ++decade) {
        const double share = static_cast<double>(decades[decade]) / static_cast<double>(all);
        page.push_back(
            {{fmt::format("{} {:>6.1f} % {}", fit(names[static_cast<std::size_t>(decade)], 9),
                          share * 100, bar(share, std::min(40, size.columns - 22), glyphs))}});
    }
    const auto quantile = [&](double share) {
        return human_us(quantile_us(sums, share).value_or(0));
    };
    page.push_back(
        {{fmt::format("  p50 {}, p90 {}, p99 {}", quantile(0.5), quantile(0.9), quantile(0.99))}});
}

void add_recent(std::vector<Line>& page, const FlowGroup& group, Glyphs glyphs) {
    std::vector<std::pair<const RecentClose*, const Flow*>> recent; // newest first
    constexpr std::size_t max_recent = 10;
    for (const Flow* flow : group.flows)
        for (const RecentClose& one : flow->recent) {
            if (one.wall_ns == 0 ||
                (recent.size() == max_recent && one.wall_ns <= recent.back().first->wall_ns))
                continue;
            const auto older = std::find_if(recent.begin(), recent.end(), [&](const auto& at) {
                return at.first->wall_ns < one.wall_ns;
            });
            recent.insert(older, {&one, flow});
            recent.resize(std::min(max_recent, recent.size()));
        }
    section(page, "TIME     CLOSE    LPORT RPORT    LIFE PEER");
    for (const auto& [one, flow] : recent) {
        std::string text;
        append_local_time(text, one->wall_ns);
        const std::string_view how = name_of(one->how);
        text +=
            fmt::format(" {:<8} {:>5} {:>5} {:>7} {}", how.empty() ? "-" : how, one->local_port,
                        one->remote_port, one->lifetime_known ? human_us(one->lifetime_us) : "-",
                        clean(peer_of(*flow), glyphs));
        page.push_back({{text}});
    }
}

} // namespace

std::vector<Line> group_page(const FlowGroup& group, const Picture& picture, Size size,
                             Glyphs glyphs) {
    std::vector<Line> page;
    const Peers peers = peers_of(group, picture);
    constexpr std::size_t first_peers = 5;
    constexpr std::size_t max_peers = 100;
    add_summary(page, group, picture, glyphs);
    add_peers(page, peers, 0, first_peers, glyphs);
    add_how(page, group, glyphs);
    add_lifetimes(page, group, size, glyphs);
    add_recent(page, group, glyphs);
    add_minute(page, group, picture, size, glyphs);
    add_peers(page, peers, first_peers, max_peers, glyphs);
    return page;
}

} // namespace twtrace
