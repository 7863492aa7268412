// Work that has to be done inside another network namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "util/result.h"

namespace twtrace {

/// A network namespace and a file that leads into it: /proc/PID/ns/net, or a bind mount of one
/// such as /run/netns/NAME.
struct NamespaceFile {
    std::uint32_t inode = 0;
    std::string path;
};

/// Inode of the network namespace that the calling thread is in; 0: /proc is not mounted.
std::uint32_t current_namespace();

enum class Entered {
    Yes,       ///< work was done
    Gone,      ///< the file does not lead there any more
    Forbidden, ///< CAP_SYS_ADMIN is missing
};

/// Runs work inside the namespace and waits for it. Namespaces belong to threads, so a thread of
/// its own enters it and ends with the work; the calling thread stays where it is. What work opens
/// there (a netlink socket, /proc/sys/net and /proc/thread-self/net files) belongs to that
/// namespace wherever it is used afterwards. In the caller's own namespace it needs no privilege
/// and no thread.
Result<Entered> in_namespace(const NamespaceFile& file, const std::function<void()>& work);

/// CAP_SYS_ADMIN, tried by entering the namespace that the calling thread is in already.
bool may_enter_namespaces();

} // namespace twtrace
