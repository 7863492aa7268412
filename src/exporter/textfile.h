// The metrics as a file for node_exporter's textfile collector.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace twtrace {

/// Replaces the file atomically (a temporary file in the same directory, then rename), readable by
/// all. If it can't be written completely, the old one remains.
Result<void> write_textfile(const std::string& path, std::string_view text);

} // namespace twtrace
