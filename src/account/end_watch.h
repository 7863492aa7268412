// Learns at once that a network namespace may have ended: the process that leads into it is gone,
// or a mount.
#pragma once

#include <cstdint>
#include <map>

#include "source/enter_namespace.h"
#include "util/fd.h"

namespace twtrace {

/// Where it fails (no descriptor is left), nothing is told: whoever asks has to look from time to
/// time.
class EndWatch {
  public:
    EndWatch();

    /// Becomes readable when something ended; -1: never.
    [[nodiscard]] int fd() const { return epoll_.get(); }
    /// Instead of what was followed into the same namespace before.
    void follow(const NamespaceFile& way);
    void forget(std::uint32_t inode) { processes_.erase(inode); }
    /// Has something ended since it was asked last?
    bool take();

  private:
    Fd epoll_;
    Fd mounts_;
    std::map<std::uint32_t, Fd> processes_; // pidfds, by the namespace's inode
};

} // namespace twtrace
