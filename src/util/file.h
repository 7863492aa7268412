// Small files of /proc and /sys, whole.
#pragma once

#include <optional>
#include <string>

namespace twtrace {

/// The file's content, at most limit bytes of it; nothing if it can't be opened or read.
std::optional<std::string> read_file(const std::string& path,
                                     std::size_t limit = std::size_t{1} << 20U);

} // namespace twtrace
