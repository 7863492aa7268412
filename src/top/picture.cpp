#include "top/picture.h"

#include <algorithm>

namespace twtrace {

namespace {

// By the share of the limit, then by number, largest first.
void sort_namespaces(std::vector<NamespaceLine>& lines) {
    const auto fill = [](const NamespaceLine& line) {
        const auto present = static_cast<double>(line.present.value_or(0));
        return line.limit && *line.limit > 0 ? present / static_cast<double>(*line.limit) : 0.0;
    };
    std::stable_sort(
        lines.begin(), lines.end(), [&](const NamespaceLine& a, const NamespaceLine& b) {
            return std::make_pair(fill(a), a.present) > std::make_pair(fill(b), b.present);
        });
}

} // namespace

namespace {

// Rate at which the number of TIME_WAIT sockets has risen since the start of the rates' span.
std::optional<double> rise_of(const Surroundings& around, std::uint64_t from_ns) {
    if (around.present.size() < 2)
        return std::nullopt;
    const auto& last = around.present.back();
    auto first = around.present.end() - 2;
    while (first != around.present.begin() && first->at_ns > from_ns)
        --first;
    if (last.at_ns <= first->at_ns)
        return std::nullopt;
    const double change = static_cast<double>(last.sockets) - static_cast<double>(first->sockets);
    return change / (static_cast<double>(last.at_ns - first->at_ns) / 1e9);
}

void measure_flow(Picture& picture, std::uint64_t from_ns) {
    const Surroundings& around = picture.around;
    picture.entering = around.filtered ? around.entering_unfiltered : picture.rate;
    const auto rise = rise_of(around, from_ns);
    if (rise && picture.entering)
        picture.leaving = std::max(0.0, *picture.entering - *rise);
}

} // namespace

Picture make_picture(const Flows& flows, const Inherited& inherited, Surroundings around,
                     GroupBy by) {
    Picture picture;
    picture.by = by;
    picture.elapsed_s = flows.elapsed_s();
    picture.covered_s = flows.covered_s();
    picture.into_second = static_cast<double>(flows.now_ns() % 1'000'000'000) / 1e9;
    sort_namespaces(around.namespaces);
    picture.around = std::move(around);

    auto entered = entries_by_netns(flows);
    auto older = inherited.left_by_netns(flows.now_ns());
    NetnsScales scales;
    for (const NamespaceLine& line : picture.around.namespaces) {
        if (!line.present)
            continue;
        const auto present = static_cast<double>(*line.present);
        const auto ours = static_cast<double>(entered[line.inode]);
        const double expected = ours + static_cast<double>(older[line.inode]);
        if (expected > present)
            scales[line.inode] = present / expected;
        picture.present = picture.present.value_or(0) + present;
        // After a minute no socket is older than the trace; the rest is rounding of the last
        // second.
        if (picture.elapsed_s < 60 || picture.around.filtered)
            picture.unattributed += present - ours * scale_of(scales, line.inode);
    }
    picture.groups = groups_of(flows, by, scales);
    for (const FlowGroup& group : picture.groups) {
        picture.rate += group.rate;
        picture.entries += group.entries;
    }
    measure_flow(picture, flows.covered_from_ns());
    picture.destinations = std::make_unique<Destinations>(flows, picture.around.rules);
    picture.verdict = judge(picture);
    return picture;
}

} // namespace twtrace
