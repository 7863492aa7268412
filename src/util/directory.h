// A directory that is being read.
#pragma once

#include <dirent.h>
#include <memory>

namespace twtrace {

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};
/// Null: it could not be opened.
using Directory = std::unique_ptr<DIR, CloseDirectory>;

} // namespace twtrace
