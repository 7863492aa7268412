// What the doctor knows of the network namespaces of a recording.
#pragma once

#include <cstdint>
#include <map>

#include "app/replay.h"
#include "doctor/observations.h"

namespace twtrace {

class ReplayedFacts {
  public:
    /// To be made where the span begins, before it is replayed.
    explicit ReplayedFacts(const Replay& replay) : replay_(replay), before_(replay.netns()) {}

    /// At the end of the span. seen has its flows already.
    void fill(doctor::Observations& seen) const;

  private:
    /// Sets what was taken where the span begins.
    void compare(std::uint32_t netns, PortUse& use) const;

    const Replay& replay_;
    std::map<std::uint32_t, Replay::Netns> before_;
};

} // namespace twtrace
