// What `--ends` tells of minisocks, and whether this host lets it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tracer.h"

namespace live {

/// What `twtrace doctor --host` says of fentry.
bool fentry_works();
/// The same, with a word where not.
bool can_trace_ends();

/// trace -o json --ends, in this namespace only.
Tracer trace_ends(const TestNamespace& ns);
/// Once this type has come so often.
std::vector<nlohmann::json> await_type(const Tracer& tracer, const std::string& type,
                                       std::size_t times = 1,
                                       Milliseconds bound = Milliseconds(30000));

} // namespace live
