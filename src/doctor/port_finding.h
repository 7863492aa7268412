// What the findings about local ports have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/destination.h"
#include "doctor/finding.h"

namespace twtrace::doctor {

/// A finding about this destination, with its evidence and numbers.
Finding about(const Observations& seen, const Destination& to, std::string_view id);
/// Seconds until that share of the ports is taken, at the pace at which they went; none: never.
std::optional<double> time_left_s(const Observations& seen, const Destination& to, double share);
/// Who closes how many of the connections there, and what that leads to.
std::string outlook(const Observations& seen, const Destination& to);

} // namespace twtrace::doctor
