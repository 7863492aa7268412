// What is read at each scrape: network namespaces, their sockets and limits, and the exporter's own
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
    /// chosen: inodes; empty: all. child: the exporter's other process; 0: none.
    HostWatch(std::vector<std::uint32_t> chosen, pid_t child);

    ObservedHost look();

  private:
    NamespaceWatch watch_;
    NetnsNames names_;
    pid_t child_;
    std::string kernel_;
    RulesByNetns rules_;
    std::uint32_t default_ports_ = 0;
    std::optional<std::chrono::steady_clock::time_point> looked_at_;
};

} // namespace twtrace
