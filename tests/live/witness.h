// Ends of connections that no BPF program on this machine can see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "expected.h"

namespace live {

/// Some hosts hide one of their own processes: root may not read its /proc/PID/exe, and BPF
/// programs do not run while it is current. A softirq that interrupts it passes every tracepoint
/// unseen by BPF, though not by tracefs, and the kernel counts no miss
/// (docs/decisions/hidden-process.md). twtrace rightly reports such a close as unaccounted; the
/// tests have to know which ones they were. Where no process is hidden, or tracefs is not to be
/// had, none is excused.
class Witness {
  public:
    Witness();
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    /// Takes those out of `expected` that ended on top of a hidden process; returns how many
    /// time_wait ones they were.
    std::uint64_t take_hidden(std::vector<Expected>& expected) const;
    /// How many entries into TIME_WAIT there were on top of one, whosesoever: for loads of which
    /// nobody knows each connection.
    std::uint64_t hidden_entries() const;

  private:
    /// The kernel's lines about sockets that ended on top of a hidden process.
    std::vector<std::string> hidden_ends() const;

    std::string instance_; ///< empty: no tracefs
};

} // namespace live
