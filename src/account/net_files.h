// The counter files of one network namespace, held open. A file of /proc/PID/net belongs to its
// namespace for good, whatever becomes of the process through which it was opened, and needs no
// setns(). Holding it keeps the namespace alive: let go in time.
#pragma once

#include <optional>
#include <string>

#include "account/tcp_counters.h"
#include "account/unverified.h"
#include "source/enter_namespace.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

class NetFiles {
  public:
    NetFiles() = default;
    /// A process's is read through /proc/PID/net, only a bind mount without a process has to be
    /// entered.
    static tl::expected<NetFiles, Unreadable> open(const NamespaceFile& file, CountedAt counted_at);

    [[nodiscard]] std::optional<TcpCounters> read() const;
    explicit operator bool() const { return static_cast<bool>(netstat_); }

  private:
    int open_in(const std::string& net_directory, CountedAt counted_at); // errno, or 0

    Fd netstat_;
    Fd sockstat_; // only where it takes part in the sum
};

/// Does the file still lead into that namespace?
bool leads_into(const NamespaceFile& file);

} // namespace twtrace
