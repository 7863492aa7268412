// Reading below a directory that somebody else may write to: no link is followed out of it, nothing
// but regular files is opened, and no more is read than a limit.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "util/fd.h"

namespace twtrace {

/// A directory of the host whose root is mounted at `root`. Its own path may have links in it
/// (/var/lib/docker often is one): they lead to places below `root`. Not open if it is not there.
Fd open_directory(const std::string& root, const std::string& path);

/// A directory below another one; no component may be a link.
Fd open_directory_beneath(const Fd& directory, const std::string& path);

/// The file's content. Nothing: it is not there, is no regular file, lies behind a link, or has
/// more than limit bytes.
std::optional<std::string> read_beneath(const Fd& directory, const std::string& path,
                                        std::size_t limit_bytes);

/// Calls visit(name) for the entries of a directory below another one, until it returns false or
/// there were `most` of them.
void list_beneath(const Fd& directory, const std::string& path, std::size_t most,
                  const std::function<bool(std::string_view)>& visit);

} // namespace twtrace
