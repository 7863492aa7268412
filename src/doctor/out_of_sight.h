// Problems that leave no event on this host; reported together with an all-clear.
#pragma once

#include <string>
#include <vector>

#include "doctor/observations.h"

namespace twtrace::doctor {

/// One sentence each.
std::vector<std::string> out_of_sight(const Observations& seen);

} // namespace twtrace::doctor
