// Reports at once that a network namespace may have ended: the process or the mount through which
// it is reached is gone.
#pragma once

#include <cstdint>
#include <map>

#include "source/enter_namespace.h"
#include "util/fd.h"

namespace twtrace {

/// Reports nothing where it fails (no descriptor is left), so callers also have to poll.
class EndWatch {
  public:
    EndWatch();

    /// Becomes readable when something ended; -1: never.
    [[nodiscard]] int fd() const { return epoll_.get(); }
    /// Replaces what was followed for the same namespace before.
    void follow(const NamespaceFile& file);
    void forget(std::uint32_t inode) { processes_.erase(inode); }
    /// Whether something ended since the last call.
    bool any_ended();

  private:
    Fd epoll_;
    Fd mounts_;
    std::map<std::uint32_t, Fd> processes_; // pidfds, by the namespace's inode
};

} // namespace twtrace
