// Reads whole files of /proc and /sys, and writes all of a buffer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "util/fd.h"

namespace twtrace {

inline constexpr std::size_t small_file_limit = std::size_t{1} << 20U;

/// The file's content, at most limit bytes of it; none if it can't be opened or read.
std::optional<std::string> read_file(const std::string& path, std::size_t limit = small_file_limit);

/// The present content of an open file of /proc, from its beginning.
std::optional<std::string> read_again(const Fd& file, std::size_t limit = small_file_limit);

/// False, with errno set, if not all of it could be written.
bool write_all(const Fd& file, std::string_view bytes);

} // namespace twtrace
