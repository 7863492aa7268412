// The counter files of one network namespace, held open. A file of /proc/PID/net belongs to its
// namespace for good, whatever becomes of the process through which it was opened, and needs no
// setns(). Holding it keeps the namespace alive: let go in time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "account/tcp_counters.h"
#include "util/fd.h"

namespace twtrace {

class NetFiles {
  public:
    NetFiles() = default;
    /// Through a process's directory ("/proc/123"); empty if it is not (any more) in that
    /// namespace, or may not be read.
    static NetFiles open(std::uint32_t netns, const std::string& process, CountedAt counted_at);

    [[nodiscard]] std::optional<TcpCounters> read() const;
    explicit operator bool() const { return static_cast<bool>(netstat_); }

  private:
    Fd netstat_;
    Fd sockstat_; // only where it takes part in the sum
};

} // namespace twtrace
