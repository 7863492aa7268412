// Read at each scrape: network namespaces, their sockets and limits, and the exporter's own
// resource usage.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "account/namespace_watch.h"
#include "attribute/netns_names.h"
#include "exporter/observed.h"

namespace twtrace {

/// For one thread.
class HostWatch {
  public:
    /// chosen: inodes; empty: all. children: the exporter's other processes.
    HostWatch(std::vector<std::uint32_t> chosen, std::vector<pid_t> children);

    ObservedHost read();

  private:
    NamespaceWatch watch_;
    NetnsNames names_;
    std::vector<pid_t> children_;
    std::string kernel_;
    RulesByNetns rules_;
    std::optional<std::chrono::steady_clock::time_point> read_at_;
};

} // namespace twtrace
