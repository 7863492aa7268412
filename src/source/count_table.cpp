#include "source/count_table.h"

#include <algorithm>
#include <numeric>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace twtrace {

namespace {

std::string bytes_of(const twtrace_overflow_key& key) {
    return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

} // namespace

std::size_t possible_cpus() {
    return static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1));
}

CountTable::CountTable(int map, bool per_cpu) : map_(map), values_(per_cpu ? possible_cpus() : 1) {}

std::vector<twtrace_overflow_key> CountTable::keys() const {
    std::vector<twtrace_overflow_key> keys;
    twtrace_overflow_key key{};
    while (bpf_map_get_next_key(map_, keys.empty() ? nullptr : &keys.back(), &key) == 0)
        keys.push_back(key);
    return keys;
}

bool CountTable::read(const twtrace_overflow_key& key, std::uint64_t& count) {
    if (bpf_map_lookup_elem(map_, &key, values_.data()) != 0)
        return false;
    count = std::accumulate(values_.begin(), values_.end(), std::uint64_t{0});
    return true;
}

std::vector<OverflowCount> CountTable::take() {
    std::vector<OverflowCount> counts;
    for (const twtrace_overflow_key& key : keys()) {
        std::uint64_t count = 0;
        if (!read(key, count))
            continue;
        Known& known = known_[bytes_of(key)];
        known.unchanged_reads = count == known.count ? known.unchanged_reads + 1 : 0;
        if (count > known.count)
            counts.push_back({key, count - known.count});
        known.count = count;
        if (known.unchanged_reads >= idle_reads && bpf_map_delete_elem(map_, &key) == 0)
            known_.erase(bytes_of(key));
    }
    return counts;
}

} // namespace twtrace
