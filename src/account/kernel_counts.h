// How many hand-overs the kernel itself counted since start, over all the network namespaces that
// were seen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "account/tcp_counters.h"

namespace twtrace {

class KernelCounts {
  public:
    /// only: the namespaces to look at; empty: all.
    explicit KernelCounts(std::vector<std::uint32_t> only = {}) : only_(std::move(only)) {}

    /// Takes the counters that everything is compared with.
    void start();
    /// Takes the present values; namespaces that are new count from zero. Cheap where the processes
    /// that stand for the known namespaces still live; looks for new ones only when asked to.
    void refresh(bool look_for_new);
    /// An event came from this namespace.
    [[nodiscard]] bool knows(std::uint32_t netns) const { return states_.contains(netns); }

    struct Sum {
        std::uint64_t entered = 0;  ///< rise of TW + TWKilled
        std::uint64_t overflow = 0; ///< rise of TCPTimeWaitOverflow
        std::uint64_t namespaces = 0;
        std::uint64_t vanished = 0; ///< namespaces whose last moments could not be read
    };
    [[nodiscard]] Sum sum() const;
    [[nodiscard]] std::vector<std::uint32_t> vanished() const;

  private:
    struct State {
        std::string directory;
        TcpCounters base;
        TcpCounters last;
        bool gone = false;
    };
    [[nodiscard]] bool wanted(std::uint32_t netns) const;
    bool read(std::uint32_t netns, State& state) const;
    void look_for_new(bool at_start);

    std::vector<std::uint32_t> only_;
    std::map<std::uint32_t, State> states_;
};

} // namespace twtrace
