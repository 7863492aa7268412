// Closes in a network namespace, and the sums of what `summary -i -o json` prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netns.h"
#include "worker.h"

namespace live {

std::vector<Job> jobs_of(std::size_t times);
/// That many connections are closed actively by the client, and enter TIME_WAIT.
void close_in(const TestNamespace& ns, std::size_t times);

// Over all intervals; null counts as 0.

std::uint64_t sum_of(const std::string& out, const char* part, const char* key);
std::int64_t unaccounted_in(const std::string& out);
/// The number of closes of which the output says that they may fall on either side of a boundary.
std::int64_t ambiguous_in(const std::string& out);

} // namespace live
