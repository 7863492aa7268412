// Programs of the distribution, which the tests run without installing them.
#pragma once

#include <string>
#include <vector>

namespace live {

/// The command that starts it with its libraries: from $TWTRACE_SERVICES (tools/lib/services.sh
/// unpacks packages there), else as installed. Empty if there is none. `path` may contain '*'.
std::vector<std::string> program(const std::string& path);
/// The directory that they are unpacked in; empty: none.
std::string unpacked_programs();
/// Path of such a file, which need not be a program. Empty: not found.
std::string program_file(const std::string& path);
/// False, with a message, if one of them is missing; fails with TWTRACE_REQUIRE_BPF=1.
bool have_programs(const std::vector<std::string>& paths);

using Argv = std::vector<std::string>;
Argv operator+(Argv first, const Argv& second);

} // namespace live
