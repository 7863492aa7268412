// The ends of minisocks, as one line of text.
#pragma once

#include <string>

#include "aggregate/snapshot.h"

namespace twtrace {

/// "12 present; ended: 40 reused by connect() after 1.0s (median), ...".
std::string ends_line(const EndsTotals& ends);

} // namespace twtrace
