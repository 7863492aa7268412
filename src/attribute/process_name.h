// What a process is called, whichever of its threads acts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attribute/lru_cache.h"
#include "model/event.h"

namespace twtrace {

/// The thread group leader's name, or the executable's where that says more: where the leader's
/// name is "MainThread" (Node.js 24 and later), or is cut off at 15 bytes. executable: its path
/// without " (deleted)"; empty: not known.
std::string pick_process_name(std::string_view leader, std::string_view executable);

/// A name without the number of a processor, pool or thread: "iou-wrk-25742" is "iou-wrk",
/// "kworker/0:1" is "kworker". Other names are as they were.
std::string_view without_thread_number(std::string_view comm);

/// Names of processes, as long as /proc has them and for some time after. For one thread.
class ProcessNames {
  public:
    explicit ProcessNames(std::string proc_root = "/proc") : proc_root_(std::move(proc_root)) {}

    /// The thread's own name where nothing of its process can be read.
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
    /// Empty: it is gone, or another process by now.
    std::string read(const Task& task) const;

    std::string proc_root_;
    LruCache<Key, std::string, KeyHash> names_{4096};
};

} // namespace twtrace
