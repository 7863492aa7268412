// Reads files below a directory that is writable by others. Links out of it are not followed, only
// regular files are opened, and the amount that is read is limited.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "util/fd.h"

namespace twtrace {

/// Opens a directory of the host whose root is mounted at `root`. Its own path may contain links
/// (/var/lib/docker often is one), which are resolved below `root`. Not open if it does not exist.
Fd open_directory(const std::string& root, const std::string& path);

/// A directory below another one; no component may be a link.
Fd open_directory_beneath(const Fd& directory, const std::string& path);

/// The file's content. None: it does not exist, is not a regular file, lies behind a link, or is
/// larger than limit bytes.
std::optional<std::string> read_beneath(const Fd& directory, const std::string& path,
                                        std::size_t limit_bytes);

/// Calls visit(name) for the entries of a directory below another one, until it returns false or
/// was called for `max_entries` of them.
void list_beneath(const Fd& directory, const std::string& path, std::size_t max_entries,
                  const std::function<bool(std::string_view)>& visit);

} // namespace twtrace
