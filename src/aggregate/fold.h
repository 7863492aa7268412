// A script that runs curl in a loop is one row, not one for each curl: processes of one name,
// started by the same parent, that closed little each.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "aggregate/group.h"

namespace twtrace {

/// Fewer processes are worth a row each, and so is a process that closed more.
inline constexpr std::size_t fold_processes = 5;
inline constexpr std::uint64_t fold_closes = 10;

class FoldedGroups {
  public:
    struct Row {
        const Group* group = nullptr;
        std::uint64_t processes = 1;
    };

    /// Groups of processes; what is made of them lives as long as this does.
    explicit FoldedGroups(const std::vector<const Group*>& groups);
    /// Largest first, as Aggregator::groups() has them.
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  private:
    void fold(const std::vector<const Group*>& members);

    std::deque<Group> made_;
    std::vector<Row> rows_;
};

} // namespace twtrace
