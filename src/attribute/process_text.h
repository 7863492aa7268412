// Details of a process beyond its name, as long as /proc has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "attribute/lru_cache.h"

namespace twtrace {

/// Longer command lines are cut, and end in "...".
inline constexpr std::size_t max_cmdline_bytes = 256;

/// The arguments separated by spaces, printable. Empty: the process is gone, its pid belongs to
/// another one (determined by start_boottime_ns), or it has no arguments.
std::string read_cmdline(std::uint32_t pid, std::uint64_t start_boottime_ns,
                         const std::string& proc_root = "/proc");

/// Names of parents: most short-lived processes share a few parents. For one thread.
class ParentNames {
  public:
    explicit ParentNames(std::string proc_root = "/proc") : proc_root_(std::move(proc_root)) {}

    /// comm of the process, or the file name that comm is a prefix of; empty: gone. now_ns: any
    /// monotonic clock.
    const std::string& name_of(std::uint32_t pid, std::uint64_t now_ns);

  private:
    struct Known {
        std::string name;
        std::uint64_t until_ns;
    };
    [[nodiscard]] std::string whole_name(const std::string& comm, std::uint32_t pid) const;

    std::string proc_root_;
    LruCache<std::uint32_t, Known> names_{1024};
};

} // namespace twtrace
