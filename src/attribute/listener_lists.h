// Lists the listening sockets of network namespaces, as cheaply as kernel and privileges permit.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "attribute/listeners.h"

namespace twtrace {

class ListenerLists {
  public:
    /// process: the directory of a process in the namespace, such as /proc/123. A namespace that
    /// ended has no listeners.
    void add(std::uint32_t netns, const std::string& process, ListenerTable& listeners);
    /// CPU time of the threads that entered other namespaces, since the last call.
    [[nodiscard]] std::uint64_t take_cpu_ns() { return std::exchange(cpu_ns_, 0); }

  private:
    bool add_by_inet_diag(std::uint32_t netns, const std::string& process,
                          ListenerTable& listeners);

    // Set after the first refusal: a further attempt costs a thread, or makes the kernel search
    // for a module.
    bool no_inet_diag_ = false;
    bool may_not_enter_ = false;
    std::uint64_t cpu_ns_ = 0;
};

} // namespace twtrace
