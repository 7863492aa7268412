// Counts time-wait sockets that are older than the observation: their number, owners and remaining
// time.
#pragma once

#include <cstdint>

#include "app/journaled_owner.h"
#include "doctor/observations.h"
#include "source/sockets.h"

namespace twtrace::doctor {

class LeftoverCount {
  public:
    /// observed_ms: how long ago the observation began.
    explicit LeftoverCount(std::uint64_t observed_ms) : observed_ms_(observed_ms) {}

    /// Ignores sockets of other states.
    void add(const TcpSocket& socket, std::uint32_t netns);
    [[nodiscard]] const Leftovers& count() const { return count_; }

  private:
    std::uint64_t observed_ms_;
    JournaledOwner owners_;
    Leftovers count_;
};

} // namespace twtrace::doctor
