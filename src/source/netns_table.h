// The kernel side's counts per network namespace: entries into TIME_WAIT that its filters left out,
// by twtrace_netns.id.
#pragma once

#include <cstdint>
#include <vector>

namespace twtrace {

class NetnsTable {
  public:
    NetnsTable() = default;
    /// The caller still owns map.
    explicit NetnsTable(int map) : map_(map) {}

    struct Line {
        std::uint64_t id;
        std::uint64_t filtered;
    };
    [[nodiscard]] std::vector<Line> all() const;
    /// 0 also if there is no entry.
    [[nodiscard]] std::uint64_t filtered(std::uint64_t id) const;
    void forget(std::uint64_t id);

  private:
    int map_ = -1;
};

} // namespace twtrace
