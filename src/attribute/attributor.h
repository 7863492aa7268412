// Event -> who it belongs to.
#pragma once

#include <cstdint>

#include "attribute/cgroup_resolver.h"
#include "attribute/lru_cache.h"
#include "model/event.h"

namespace twtrace {

class Attributor {
  public:
    /// Sets event.owner, valid until the next call. Never fails: what can't be found stays empty.
    void attribute(Event& event);

  private:
    /// A process in a cgroup under a name: exec() changes the name, somebody may change the cgroup.
    struct Key {
        std::uint64_t start_boottime_ns;
        std::uint64_t cgroup_id;
        std::uint32_t pid;
        std::array<char, TWTRACE_COMM_LEN> comm;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    struct Known {
        Owner owner;
        std::uint64_t until_ns; ///< on the events' clock: then it is looked up again
    };
    Owner look_up(const Task& task);

    CgroupResolver cgroups_;
    LruCache<Key, Known, KeyHash> owners_{owners_capacity};
    static constexpr std::size_t owners_capacity = 8192;
};

} // namespace twtrace
