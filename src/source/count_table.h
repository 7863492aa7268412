// A table in which the kernel side counts events instead of sending each, read as differences since
// the last read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "twtrace/wire.h"

namespace twtrace {

/// Number of values of a per-CPU map.
std::size_t possible_cpus();

/// Number of reads without a change after which an entry counts as unused.
inline constexpr unsigned idle_reads = 10;

struct OverflowCount {
    twtrace_overflow_key key;
    std::uint64_t count;
};

/// The programs add to an entry that they have looked up, without a lock: an addition to an entry
/// that is deleted at that moment is lost. Only an entry without a change for ten reads is
/// therefore deleted.
class CountTable {
  public:
    CountTable() = default;
    /// The caller still owns map; per_cpu: a number for each CPU.
    CountTable(int map, bool per_cpu);

    [[nodiscard]] std::vector<OverflowCount> take();

  private:
    struct Known {
        std::uint64_t count = 0;
        unsigned unchanged_reads = 0; // reads since it changed
    };
    [[nodiscard]] std::vector<twtrace_overflow_key> keys() const;
    /// False: the entry is gone.
    bool read(const twtrace_overflow_key& key, std::uint64_t& count);

    int map_ = -1;
    std::vector<std::uint64_t> values_;  // as read from the kernel
    std::map<std::string, Known> known_; // by the bytes of the key
};

} // namespace twtrace
