// Event -> who it belongs to.
#pragma once

#include <cstdint>

#include "attribute/cgroup_resolver.h"
#include "attribute/lru_cache.h"
#include "attribute/netns_names.h"
#include "attribute/process_name.h"
#include "attribute/process_text.h"
#include "model/event.h"

namespace twtrace {

struct AttributeOptions {
    bool netns_names = false; ///< those that `ip netns` shows
    bool cmdlines = false;    ///< the arguments of processes; they may hold secrets
};

class Attributor {
  public:
    explicit Attributor(AttributeOptions options = {}) : options_(options) {}

    /// Before events come: a cgroup may be gone when the first one of it arrives.
    void learn_cgroups() { cgroups_.learn_all(); }
    void learn_cgroup(std::uint64_t id, std::string_view path) { cgroups_.learn(id, path); }
    /// Looks the task up as soon as it can be: what settles later may find its process and its
    /// cgroup gone.
    void prepare(const Event& event);
    /// Sets event.owner and event.netns_name, valid until the next call. Never fails: what can't be
    /// found stays empty.
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
    Owner look_up(const Task& task, std::uint64_t now_ns);
    static Key key_of(const Task& task);
    const Known& known(const Event& event, const Key& key);

    void name_netns(Event& event);

    AttributeOptions options_;
    CgroupResolver cgroups_;
    ParentNames parents_;
    ProcessNames processes_;
    NetnsNames netns_names_;
    struct NamedNetns {
        std::uint32_t inode = 0;
        std::uint64_t until_ns = 0;
        std::string name;
    } netns_; ///< of the last event: most of a batch are of one
    LruCache<Key, Known, KeyHash> owners_{owners_capacity};
    Key prepared_{};
    static constexpr std::size_t owners_capacity = 8192;
};

} // namespace twtrace
