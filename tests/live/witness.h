// Ends of connections that no BPF program on this machine can see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "expected.h"

namespace live {

/// Some hosts hide a process from BPF, but not from tracefs (docs/decisions/hidden-process.md).
/// twtrace correctly reports closes in its context as unaccounted, and tests must know these
/// closes. Without a hidden process or without tracefs, no missing event is accepted.
class Witness {
  public:
    Witness();
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    /// Removes from `expected` those that ended while a hidden process was current; returns the
    /// number of time_wait events among them.
    std::uint64_t take_hidden(std::vector<Expected>& expected) const;
    /// The number of all entries into TIME_WAIT while a hidden process was current: for loads whose
    /// connections are not known individually.
    std::uint64_t hidden_entries() const;

  private:
    /// The trace lines of sockets that ended while a hidden process was current.
    std::vector<std::string> hidden_ends() const;

    std::string instance_; ///< empty: no tracefs
};

} // namespace live
