// What the doctor knows of the network namespaces of a recording.
#pragma once

#include <cstdint>

#include "app/replay.h"
#include "doctor/observations.h"

namespace twtrace {

class ReplayedFacts {
  public:
    explicit ReplayedFacts(const Replay& replay) : replay_(replay) {}

    /// At the end of the span. seen has its flows already.
    void fill(doctor::Observations& seen) const;

  private:
    /// Sets what was taken where the span begins.
    void compare(std::uint32_t netns, PortUse& use) const;

    [[nodiscard]] const Replay::Netns* before(std::uint32_t netns) const;

    const Replay& replay_;
};

} // namespace twtrace
