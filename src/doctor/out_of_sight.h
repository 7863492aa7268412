// What can go wrong here and leaves no event behind: an all-clear says so.
#pragma once

#include <string>
#include <vector>

#include "doctor/observations.h"

namespace twtrace::doctor {

/// A sentence each.
std::vector<std::string> out_of_sight(const Observations& seen);

} // namespace twtrace::doctor
