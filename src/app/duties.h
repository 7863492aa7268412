// One table: command -> what it still does once it has started (docs/security.md).
#pragma once

#include "cli/options.h"
#include "privilege/duties.h"

namespace twtrace {

Duties duties_of(const Options& options);

} // namespace twtrace
