// The name of a process, independent of which of its threads acts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attribute/lru_cache.h"
#include "model/event.h"

namespace twtrace {

/// The thread group leader's name, or the executable's if that is more specific: if the leader's
/// name is "MainThread" (Node.js 24 and later), or is cut off at 15 bytes. executable: its path
/// without " (deleted)"; empty: not known.
std::string pick_process_name(std::string_view leader, std::string_view executable);

/// A name without the number of a processor, pool or thread: "iou-wrk-25742" becomes "iou-wrk",
/// "kworker/0:1" becomes "kworker". Other names do not change.
std::string_view without_thread_number(std::string_view comm);

/// Names of processes, cached for some time after /proc no longer has them. For one thread.
class ProcessNames {
  public:
    explicit ProcessNames(std::string proc_root = "/proc") : proc_root_(std::move(proc_root)) {}

    /// The thread's own name if its process can't be read.
    std::string name_of(const Task& task);

  private:
    struct Key {
        std::uint32_t pid;
        std::uint64_t start_boottime_ns;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    /// Empty: the process is gone, or its pid belongs to another one.
    std::string read(const Task& task) const;

    std::string proc_root_;
    LruCache<Key, std::string, KeyHash> names_{4096};
};

} // namespace twtrace
