// Recordings of a test, and their replay by a user without privileges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command.h"
#include "worker.h"

namespace live {

/// Connections that the client closes first.
std::vector<Job> closes(std::size_t times);
/// The same command as the user nobody, without any capability.
std::vector<std::string> as_nobody(std::vector<std::string> argv);
/// Gives the recording to the user nobody, who can then read it. Returns the path.
std::string readable(const std::string& path);
CommandResult replay(std::vector<std::string> arguments, const std::string& path);
/// accounting.captured of a summary in JSON.
std::uint64_t captured(const CommandResult& summary);

} // namespace live
