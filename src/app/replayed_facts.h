// The doctor's facts about the network namespaces of a recording.
#pragma once

#include <cstdint>

#include "app/replay.h"
#include "doctor/observations.h"

namespace twtrace {

class ReplayedFacts {
  public:
    explicit ReplayedFacts(const Replay& replay) : replay_(replay) {}

    /// To be called at the end of the span. seen already contains its flows.
    void fill(doctor::Observations& seen) const;

  private:
    /// Sets the ports that were taken at the beginning of the span.
    void compare(std::uint32_t netns, PortUse& use) const;

    [[nodiscard]] const Replay::Netns* before(std::uint32_t netns) const;

    const Replay& replay_;
};

} // namespace twtrace
