// From a container's cgroup to its names, cached: the only user of the runtimes' files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/lru_cache.h"
#include "attribute/runtime_names/container_names.h"

namespace twtrace {

class RuntimeNames {
  public:
    /// root: directory that the runtimes' paths are below: "/", or where the host's root is
    /// mounted. now_ns: the clock; tests use their own.
    explicit RuntimeNames(std::string root = "/", std::function<std::uint64_t()> now_ns = {});

    /// Null: not a container, or no names are known. Valid until the next call. A known name is
    /// kept after the container is gone; a changed name is noticed after a minute.
    const ContainerNames* find(const CgroupName& cgroup, std::string_view path);

  private:
    struct Known {
        ContainerNames names;
        std::uint64_t until_ns; ///< read again after this time
        std::uint64_t wait_ns;  ///< time between the last reading and until_ns
    };
    [[nodiscard]] ContainerNames read(const CgroupName& cgroup, std::string_view path) const;

    std::string root_;
    std::function<std::uint64_t()> now_ns_;
    std::string node_;
    LruCache<std::string, Known> known_{capacity};
    static constexpr std::size_t capacity = 4096;
};

} // namespace twtrace
