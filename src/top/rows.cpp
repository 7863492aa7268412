#include "top/rows.h"

#include <algorithm>
#include <cctype>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "sink/summary_fields.h"
#include "top/cells.h"

namespace twtrace {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& byte : out)
        byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
    return out;
}

bool matches(const FlowGroup& group, const std::string& wanted) {
    return std::any_of(group.flows.begin(), group.flows.end(), [&](const Flow* flow) {
        const std::string all = fmt::format("{} {} {} {} {} {} {} {}", flow->service, flow->parent,
                                            flow->unit, flow->container, flow->container_name,
                                            flow->key.pid, peer_of(*flow), name_of(flow->key.role));
        return lower(all).find(wanted) != std::string::npos;
    });
}

// The value that all flows share; none if they differ.
template <typename Get>
auto common(const FlowGroup& group, Get get) {
    using Value = decltype(get(*group.flows.front()));
    std::optional<Value> value = get(*group.flows.front());
    for (const Flow* flow : group.flows)
        if (get(*flow) != *value)
            return std::optional<Value>();
    return value;
}

std::uint64_t weight(const Flow& flow) {
    return flow.in_minute + flow.no_port_in_minute;
}

// The service with the greatest weight, and the number of others.
std::string top_service(const FlowGroup& group) {
    std::unordered_map<std::string_view, std::uint64_t> names;
    for (const Flow* flow : group.flows)
        names[flow->service] += weight(*flow);
    const auto busiest =
        std::max_element(names.begin(), names.end(), [](const auto& a, const auto& b) {
            return std::tie(a.second, b.first) < std::tie(b.second, a.first);
        });
    return names.size() == 1 ? std::string(busiest->first)
                             : fmt::format("{} +{}", busiest->first, names.size() - 1);
}

std::string top_peer(const FlowGroup& group) {
    const Flow* busiest =
        *std::max_element(group.flows.begin(), group.flows.end(),
                          [](const Flow* a, const Flow* b) { return weight(*a) < weight(*b); });
    return peer_of(*busiest);
}

std::string known_number(std::uint64_t number) {
    return number == 0 ? std::string() : std::to_string(number);
}

std::string id_of(const FlowGroup& group, const Picture& picture) {
    switch (picture.by) {
    case GroupBy::Container:
        // For an unknown process it is not known whether it was in one.
        return group.key.name.empty() && !group.flows.front()->service.empty() ? "(none)"
                                                                               : group.key.name;
    case GroupBy::Listener:
        return known_number(group.key.number);
    case GroupBy::Netns: {
        const auto& lines = picture.around.namespaces;
        const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& one) {
            return one.inode == group.key.number;
        });
        return line != lines.end() ? line->name : known_number(group.key.number);
    }
    default:
        if (group.processes > 1)
            return fmt::format("x{}", group.processes);
        return known_number(
            common(group, [](const Flow& flow) { return flow.key.pid; }).value_or(0));
    }
}

std::string role_of(const FlowGroup& group) {
    const auto role = common(group, [](const Flow& flow) { return flow.key.role; });
    std::string name(role ? name_of(*role) : std::string_view());
    const bool inferred = std::any_of(group.flows.begin(), group.flows.end(),
                                      [](const Flow* flow) { return flow->role_inferred; });
    return name.empty() || !inferred ? name : name + '?';
}

std::string worst_use(const FlowGroup& group, const Picture& picture) {
    std::optional<double> worst;
    for (const Flow* flow : group.flows)
        if (const Destination* one = picture.destinations->find(flow->key); one && one->use)
            worst = std::max(worst.value_or(0), *one->use);
    return worst ? fmt::format("{:.0f}%", *worst * 100) : std::string();
}

std::uint64_t median_of(const FlowGroup& group) {
    return quantile_us(lifetimes_of(group), 0.5).value_or(UINT64_MAX);
}

} // namespace

std::string_view name_of(Sort sort) {
    switch (sort) {
    case Sort::Rate:
        return "entries/s";
    case Sort::Present:
        return "TIME_WAIT now";
    case Sort::NoPort:
        return "connects without a port";
    case Sort::Lifetime:
        return "shortest lifetime";
    case Sort::Service:
        return "service";
    }
    return {};
}

Rows arranged(const Picture& picture, Sort sort, std::string_view filter) {
    // Smaller first; ties are ordered by key, so that lines do not move.
    struct Ranked {
        double number;
        std::string_view text;
        const FlowGroup* group;
    };
    std::vector<Ranked> ranked;
    const std::string wanted = lower(filter);
    for (const FlowGroup& group : picture.groups) {
        if (!wanted.empty() && !matches(group, wanted))
            continue;
        Ranked one{-group.rate, {}, &group};
        if (sort == Sort::Present)
            one.number = -group.present;
        else if (sort == Sort::NoPort)
            one.number = -static_cast<double>(group.no_port);
        else if (sort == Sort::Lifetime)
            one.number = static_cast<double>(median_of(group));
        else if (sort == Sort::Service)
            one = {0, group.flows.front()->service, &group};
        ranked.push_back(one);
    }
    std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
        return std::tie(a.number, a.text, b.group->entries, a.group->key) <
               std::tie(b.number, b.text, a.group->entries, b.group->key);
    });
    Rows rows;
    rows.reserve(ranked.size());
    for (const Ranked& one : ranked)
        rows.push_back(one.group);
    return rows;
}

std::string short_count(double value) {
    if (value < 999'999.5)
        return fmt::format("{:.0f}", value);
    return value < 99'950'000 ? fmt::format("{:.1f}M", value / 1e6)
                              : fmt::format("{:.0f}M", value / 1e6);
}

RowText row_text(const FlowGroup& group, const Picture& picture) {
    RowText text;
    text.id = id_of(group, picture);
    text.service = top_service(group);
    if (group.processes > 1 && !group.flows.front()->parent.empty())
        text.service += " of " + group.flows.front()->parent;
    text.role = role_of(group);
    text.rate = short_number(group.rate);
    if (picture.rate > 0)
        text.share = fmt::format("{:.{}f}", group.rate / picture.rate * 100,
                                 group.rate < picture.rate * 0.9995 ? 1 : 0);
    text.present = short_count(group.present);
    text.ports = worst_use(group, picture);
    if (const auto median = quantile_us(lifetimes_of(group), 0.5))
        text.lifetime = human_us(*median);
    text.peer = top_peer(group);
    text.runs_out = std::any_of(group.flows.begin(), group.flows.end(),
                                [](const Flow* flow) { return flow->recent_no_port > 0; });
    return text;
}

std::string title_of(const FlowGroup& group, const Picture& picture) {
    const RowText text = row_text(group, picture);
    std::string title = text.service.empty() ? "unknown process" : text.service;
    if (!text.id.empty())
        title += fmt::format(" ({}{})", picture.by == GroupBy::Listener ? "port " : "", text.id);
    if (picture.by == GroupBy::Peer)
        title = fmt::format("{}, by {}", text.peer, title);
    return text.role.empty() ? title : fmt::format("{} {}", title, text.role);
}

std::vector<double> minute_of(const FlowGroup& group, const Picture& picture, std::size_t parts) {
    const auto seconds = by_second(group);
    const std::size_t each = seconds.size() / parts;
    std::vector<double> values(parts);
    for (std::size_t ago = 0; ago < seconds.size(); ++ago)
        values[parts - 1 - ago / each] += static_cast<double>(seconds[ago]);
    for (double& value : values)
        value /= static_cast<double>(each);
    // The current second is not complete.
    const auto full = static_cast<double>(each);
    values.back() *= full / std::max(0.2, full - 1 + picture.into_second);
    return values;
}

} // namespace twtrace
