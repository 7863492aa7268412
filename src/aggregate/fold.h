// Combines processes of one name and one parent that closed few connections each into one row, such
// as the curl processes of a script.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "aggregate/group.h"

namespace twtrace {

/// Fewer processes get a row each, and so does a process that closed more.
inline constexpr std::size_t fold_processes = 5;
inline constexpr std::uint64_t fold_closes = 10;

class FoldedGroups {
  public:
    struct Row {
        const Group* group = nullptr;
        std::uint64_t processes = 1;
    };

    /// Groups of processes. Folded groups live as long as this object.
    explicit FoldedGroups(const std::vector<const Group*>& groups);
    /// Largest first, in the order of Aggregator::groups().
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  private:
    void fold(const std::vector<const Group*>& members);

    std::deque<Group> made_;
    std::vector<Row> rows_;
};

} // namespace twtrace
