// The counter files of one network namespace, held open. A file of /proc/PID/net stays bound to its
// namespace after the process has ended, and needs no setns(). An open file keeps the namespace
// alive, so close it soon after the namespace has ended.
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
    /// Reads through /proc/PID/net where a process exists. Only a bind mount without a process is
    /// entered.
    static tl::expected<NetFiles, Unreadable> open(const NamespaceFile& file, CountedAt counted_at);

    [[nodiscard]] std::optional<TcpCounters> read() const;
    explicit operator bool() const { return static_cast<bool>(netstat_); }

  private:
    int open_in(const std::string& net_directory, CountedAt counted_at); // errno, or 0

    Fd netstat_;
    Fd sockstat_; // open only where it takes part in the sum
};

/// Whether the file still leads into that namespace.
bool leads_into(const NamespaceFile& file);

} // namespace twtrace
