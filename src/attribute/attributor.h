// Event -> who it belongs to.
#pragma once

#include "model/event.h"

namespace twtrace {

class Attributor {
  public:
    /// Sets event.owner, valid until the next call.
    void attribute(Event& event);

  private:
    Owner owner_;
};

} // namespace twtrace
