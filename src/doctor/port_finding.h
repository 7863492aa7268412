// Common parts of the findings about local ports.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/destination.h"
#include "doctor/finding.h"

namespace twtrace::doctor {

/// A finding about this destination, with its evidence and numbers filled in.
Finding about(const Observations& seen, const Destination& to, std::string_view id);
/// Seconds until that share of the ports is taken, at the observed pace; none: never.
std::optional<double> time_left_s(const Observations& seen, const Destination& to, double share);
/// The service that closes connections there, their number, and the consequence.
std::string outlook(const Observations& seen, const Destination& to);

} // namespace twtrace::doctor
