// The table of what each command still does after its start (docs/security.md).
#pragma once

#include "cli/options.h"
#include "privilege/duties.h"

namespace twtrace {

Duties duties_of(const Options& options);

} // namespace twtrace
