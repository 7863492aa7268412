#include "source/netns_table.h"

#include <bpf/bpf.h>

namespace twtrace {

std::vector<NetnsTable::Line> NetnsTable::all() const {
    std::vector<Line> lines;
    std::uint64_t previous = 0;
    std::uint64_t id = 0;
    // The walk restarts if the key is deleted meanwhile, so its steps are limited.
    for (int step = 0; map_ >= 0 && step < 2 * TWTRACE_NETNS_MAX; ++step, previous = id) {
        if (bpf_map_get_next_key(map_, step == 0 ? nullptr : &previous, &id) != 0)
            break;
        lines.push_back({id, counts(id)});
    }
    return lines;
}

twtrace_netns_counts NetnsTable::counts(std::uint64_t id) const {
    twtrace_netns_counts counts{};
    if (map_ >= 0)
        (void)bpf_map_lookup_elem(map_, &id, &counts);
    return counts;
}

void NetnsTable::forget(std::uint64_t id) {
    if (map_ >= 0)
        (void)bpf_map_delete_elem(map_, &id);
}

} // namespace twtrace
