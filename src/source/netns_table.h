// The kernel side's counts per network namespace (twtrace_netns_counts), by twtrace_netns.id.
#pragma once

#include <cstdint>
#include <vector>

#include "twtrace/wire.h"

namespace twtrace {

class NetnsTable {
  public:
    NetnsTable() = default;
    /// The caller still owns map.
    explicit NetnsTable(int map) : map_(map) {}

    struct Line {
        std::uint64_t id;
        twtrace_netns_counts counts;
    };
    [[nodiscard]] std::vector<Line> all() const;
    /// 0 also if there is no entry.
    [[nodiscard]] twtrace_netns_counts counts(std::uint64_t id) const;
    void forget(std::uint64_t id);

  private:
    int map_ = -1;
};

} // namespace twtrace
