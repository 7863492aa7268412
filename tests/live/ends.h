// Tests of `--ends`, and whether this host supports it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tracer.h"

namespace live {

/// Whether `twtrace doctor --host` reports that fentry works.
bool fentry_works();
/// The same, with a message if not.
bool can_trace_ends();

/// trace -o json --ends, in this namespace only.
Tracer trace_ends(const TestNamespace& ns);
/// Waits until this number of events of the type has been reported.
std::vector<nlohmann::json> await_type(const Tracer& tracer, const std::string& type,
                                       std::size_t times = 1,
                                       Milliseconds bound = Milliseconds(30000));

} // namespace live
