// The metrics as a file for node_exporter's textfile collector.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace twtrace {

/// Replaces the file at once (a temporary file beside it, then rename), readable for all. If it
/// can't be written whole, the old one stays.
Result<void> write_textfile(const std::string& path, std::string_view text);

} // namespace twtrace
