// Programs of the distribution that the tests run without installing them.
#pragma once

#include <string>
#include <vector>

namespace live {

/// How to start it, with its libraries: below $TWTRACE_SERVICES (tools/lib/services.sh unpacks
/// packages there), else as it is installed. Empty if there is none. `path` may have a '*'.
std::vector<std::string> program(const std::string& path);
/// Where such a file is, which need not be a program. Empty: nowhere.
std::string program_file(const std::string& path);
/// False if one of them is not to be had, which is said, or fails with TWTRACE_REQUIRE_BPF=1.
bool have_programs(const std::vector<std::string>& paths);

using Argv = std::vector<std::string>;
Argv operator+(Argv first, const Argv& second);

} // namespace live
