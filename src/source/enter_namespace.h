// Runs work inside another network namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "util/result.h"

namespace twtrace {

/// A network namespace and a file that refers to it: /proc/PID/ns/net, or a bind mount such as
/// /run/netns/NAME.
struct NamespaceFile {
    std::uint32_t inode = 0;
    std::string path;
};

/// Inode of the calling thread's network namespace; 0: /proc is not mounted.
std::uint32_t current_namespace();

enum class Entered {
    Yes,       ///< work was done
    Gone,      ///< the file no longer refers to the namespace
    Forbidden, ///< CAP_SYS_ADMIN is missing
};

/// Runs work inside the namespace and waits for it. Namespaces belong to threads, so a separate
/// thread enters it and ends with the work; the calling thread stays in its own. Files that work
/// opens there (a netlink socket, /proc/sys/net and /proc/thread-self/net files) keep belonging to
/// that namespace. In the caller's own namespace it needs no privilege and no thread.
Result<Entered> in_namespace(const NamespaceFile& file, const std::function<void()>& work);

/// Tests CAP_SYS_ADMIN by entering the calling thread's own namespace.
bool may_enter_namespaces();

} // namespace twtrace
