// A table in which the kernel side counts events instead of sending each: what came since the last
// look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "twtrace/wire.h"

namespace twtrace {

/// Of a per-CPU map's value there are so many.
std::size_t possible_cpus();

/// After so many looks without a change something counted is taken for gone.
inline constexpr unsigned still_looks = 10;

struct OverflowCount {
    twtrace_overflow_key key;
    std::uint64_t count;
};

/// The programs add to an entry that they have looked up, without a lock: what they add to one that
/// is deleted at that moment is gone. So entries stay and their differences are taken, and only one
/// that has been still for ten looks is deleted, to make room.
class CountTable {
  public:
    CountTable() = default;
    /// map stays the caller's; per_cpu: a number for each CPU.
    CountTable(int map, bool per_cpu);

    [[nodiscard]] std::vector<OverflowCount> take();

  private:
    struct Known {
        std::uint64_t count = 0;
        unsigned still = 0; // looks since it changed
    };
    [[nodiscard]] std::vector<twtrace_overflow_key> keys() const;
    /// Nothing: the entry is gone.
    bool read(const twtrace_overflow_key& key, std::uint64_t& count);

    int map_ = -1;
    std::vector<std::uint64_t> values_;  // as the kernel hands them over
    std::map<std::string, Known> known_; // by the bytes of the key
};

} // namespace twtrace
