// Files of /proc and /sys, whole, and writing all of something.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "util/fd.h"

namespace twtrace {

inline constexpr std::size_t small_file_limit = std::size_t{1} << 20U;

/// The file's content, at most limit bytes of it; nothing if it can't be opened or read.
std::optional<std::string> read_file(const std::string& path, std::size_t limit = small_file_limit);

/// The present content of a file of /proc that is open already, from its beginning.
std::optional<std::string> read_again(const Fd& file, std::size_t limit = small_file_limit);

/// False, and errno set, if not all of it could be written.
bool write_all(const Fd& file, std::string_view bytes);

} // namespace twtrace
